import Domain
import Foundation

/// Makes Redis know agents as PostgreSQL and the configuration have them: their rows, and what they have in hand.
///
/// Whoever does this may be late, or a steward no longer: an older row is ignored, an item is given by a reservation that
/// PostgreSQL has to confirm, and taken away only from who had it before the revision that was read.
struct ResyncAgents: Sendable {
    let lanes: LaneStore
    let queries: WorkItemQueries

    /// - Parameter ids: nil for all agents.
    /// - Returns: agents who have room, and lanes at which to look.
    @discardableResult
    func perform(_ ids: [Int32]? = nil, in snapshot: TenantSnapshot, at now: Instant) async throws -> [LookTrigger] {
        let rows = try await queries.agents(ids)
        // Redis is read first: what comes into an agent's hands between the two is claimed, and found there.
        let known = try await lanes.held(by: rows.map(\.id))
        let out = try await queries.out(of: ids)
        var claims: [Reservation] = []
        var accepted: [AgentItem] = []
        for item in out {
            guard let agent = item.assignee else { continue }
            let stage = known[agent]?[item.id]?.stage
            if stage == nil, let entry = item.heldEntry { claims.append(Reservation(agent: agent, entry: entry)) }
            if stage == .offered, item.status == .assigned {
                accepted.append(AgentItem(agent: agent, item: item.id, at: item.revision))
            }
        }
        let assignees = Dictionary(out.map { ($0.id, $0.assignee) }, uniquingKeysWith: { $1 })
        var gone: [(agent: Int32, item: UUID)] = []
        for (agent, items) in known {
            for (id, held) in items where held.stage != .reserved && assignees[id] != agent { gone.append((agent, id)) }
        }

        // Before the rows, so that nobody seems to have room who has not.
        var triggers = try await SettleReservations(lanes: lanes, queries: queries).claim(claims, at: now)
        let busy = Set(out.compactMap(\.assignee)).union(known.keys)
        let present = rows.filter { snapshot.agents[$0.id] != nil || busy.contains($0.id) }
        for chunk in present.chunks(of: 200) {
            let agents = chunk.map { LaneAgent(row: $0, in: snapshot) }
            for (agent, placement) in zip(agents, try await lanes.setAgents(agents)) where placement.mayTakeMore {
                triggers.append(.agent(agent.id))
            }
        }
        // Who left the configuration and has nothing any more is forgotten.
        for row in rows where snapshot.agents[row.id] == nil && !busy.contains(row.id) {
            try await lanes.forgetAgent(row.id, before: LaneAgent.firstRevision(after: snapshot))
        }
        try await lanes.accept(accepted)
        triggers += try await take(gone)
        // A Redis that lost everything must not take those for gone who have not been seen since.
        try await lanes.noteSeen(rows.filter { $0.state != .offline }.map(\.id), at: now, onlyNew: true)
        return triggers
    }

    /// Items that Redis knows with agents who do not have them.
    private func take(_ gone: [(agent: Int32, item: UUID)]) async throws -> [LookTrigger] {
        guard !gone.isEmpty else { return [] }
        let items = Dictionary(
            try await queries.items(gone.map(\.item)).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let releases = gone.compactMap { agent, id -> Release? in
            let item = items[id]
            // It may have come to the agent again since.
            if let item, item.isOut, item.assignee == agent { return nil }
            return Release(AgentItem(agent: agent, item: id, at: item?.revision ?? .max), idle: .keep)
        }
        return zip(releases, try await lanes.release(releases)).compactMap { release, released in
            released.mayTakeMore ? .agent(release.held.agent) : nil
        }
    }
}
