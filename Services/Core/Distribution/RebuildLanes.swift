import Domain
import Foundation
import Logging

/// Fills Redis from PostgreSQL after it was emptied or replaced.
/// It only adds; what is stale in a lane is refused at confirmation.
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
        look(try await ResyncAgents(lanes: lanes, queries: queries).perform(in: snapshot, at: .now))
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
}
