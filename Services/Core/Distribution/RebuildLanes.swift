import Domain
import Foundation
import Logging

/// Fills Redis from PostgreSQL: after Redis was emptied or replaced, when a configuration is applied, and in small
/// after a commit whose lane changes were lost. It only adds; what is stale in a lane is refused at confirmation.
struct RebuildLanes: Sendable {
    let lanes: LaneStore
    let queries: WorkItemQueries
    /// Told of lanes and agents at which distribution should look, as soon as they are there again.
    var look: @Sendable ([LookTrigger]) -> Void = { _ in }

    /// Rebuilds everything; picks go on meanwhile among what is there.
    /// - Parameter term: of the tenant's lease: a rebuild under an older one cannot finish.
    /// - Returns: how many items are in lanes now; nil when another rebuild began meanwhile.
    func rebuild(term: Int64, in snapshot: TenantSnapshot) async throws -> Int? {
        try await putConfiguration(snapshot)
        let rebuild = try await lanes.beginRebuild(token: String(term))
        try await putConfiguration(snapshot)
        look(try await resyncAgents(in: snapshot).map { .agent($0) })
        var count = 0
        var last: UUID?
        while true {
            let page = try await queries.queuedEntries(after: last, limit: 20_000)
            if page.isEmpty { break }
            last = page.last?.member.item
            look(try await lanes.add(page).lanesToMatch.map { .lane($0) })
            count += page.count
        }
        return try await lanes.finishRebuild(rebuild) ? count : nil
    }

    /// Curves and endpoint limits.
    func putConfiguration(_ snapshot: TenantSnapshot) async throws {
        for (version, schema) in snapshot.schemas { try await lanes.putCurve(schema.curve, version: version) }
        var limits: [Int32: Int] = [:]
        for endpoint in snapshot.endpoints.values { limits[endpoint.id] = endpoint.limit.map(Int.init) }
        try await lanes.setLimits(limits)
    }

    /// Agents' rows with everything they have, read twice: what changed between reading and writing is put right.
    /// - Returns: agents who have room.
    @discardableResult
    func resyncAgents(in snapshot: TenantSnapshot) async throws -> [Int32] {
        let rows = try await queries.agents()
        let before = try await heldItems()
        var free: [Int32] = []
        for chunk in rows.chunks(of: 200) {
            let agents = chunk.map { row in
                LaneAgent(row: row, in: snapshot, held: (before[row.id] ?? [:]).map(\.value))
            }
            for (agent, placement) in zip(agents, try await lanes.setAgents(agents)) where placement.mayTakeMore {
                free.append(agent.id)
            }
        }
        // A Redis that lost everything must not take those for gone who have not been seen since.
        try await lanes.noteSeen(rows.filter { $0.state != .offline }.map(\.id), at: .now)
        let after = try await heldItems()
        var releases: [Release] = []
        var holds: [(agent: Int32, held: HeldItem)] = []
        for (agent, items) in before {
            for id in items.keys where after[agent]?[id] == nil {
                releases.append(Release(agent: agent, item: id, idle: .keep))
            }
        }
        for (agent, items) in after {
            for (id, held) in items where before[agent]?[id] == nil { holds.append((agent, held)) }
        }
        try await lanes.hold(holds)
        try await lanes.release(releases)
        return free
    }

    private func heldItems() async throws -> [Int32: [UUID: HeldItem]] {
        var held: [Int32: [UUID: HeldItem]] = [:]
        for item in try await queries.out() {
            guard let agent = item.assignee, var entry = item.entry else { continue }
            // The revision that waited: the offer was made one after it.
            if let offered = item.offerRevision {
                entry.member = LaneMember(arrival: item.arrival, item: item.id, revision: offered - 1)
            }
            held[agent, default: [:]][item.id] = HeldItem(
                entry: entry, stage: item.status == .offered ? .offered : .accepted)
        }
        return held
    }
}
