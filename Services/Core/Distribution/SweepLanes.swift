import Domain
import Foundation
import Storage

/// Finds what was committed but has not reached Redis, and reservations that nobody settled.
struct SweepLanes: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    let lanes: LaneStore
    let queries: WorkItemQueries

    /// Items of batches whose lane changes were not acknowledged within `age` milliseconds are put where PostgreSQL says.
    /// - Returns: lanes and agents at which to look.
    func repair(olderThan age: Int64, at now: Instant, in snapshot: TenantSnapshot) async throws -> [LookTrigger] {
        let batches = try await pool.query(
            """
            SELECT batch FROM outbox WHERE tenant = $1 AND NOT laned AND written_at < $2 ORDER BY batch LIMIT 500
            """, [.int4(tenant), .int8((now - age).milliseconds)], tenant: tenant)
        guard !batches.isEmpty else { return [] }
        let numbers = try batches.map { try $0[0].int64 }
        let subjects = try await pool.query(
            """
            SELECT DISTINCT subject FROM event
            WHERE tenant = $1 AND batch = ANY($2::bigint[]) AND kind LIKE 'workitem.%'
            """, [.int4(tenant), .int8s(numbers)], tenant: tenant)
        let items = try await queries.items(try subjects.map { try $0[0].uuid })
        let addition = try await lanes.add(items.compactMap(\.queuedEntry))
        let found = try await ResyncAgents(lanes: lanes, queries: queries).perform(in: snapshot, at: now)
        try await acknowledge(numbers)
        return addition.lanesToMatch.map { .lane($0) } + found
    }

    /// Puts some queued items where PostgreSQL says, in rounds through all of them: whatever lost an entry, it comes back.
    /// So many at a time whatever the backlog, so that waiting costs no more the more there is.
    /// - Parameter last: the last item of the step before; nil begins a round.
    /// - Returns: the last item of this step, nil at the end of a round, and lanes at which to look.
    func goRound(after last: UUID?) async throws -> (last: UUID?, triggers: [LookTrigger]) {
        var page = try await queries.queuedEntries(after: last, limit: 1000)
        // The step before ended with the very last item: the next round begins at once, as with any other backlog.
        if page.isEmpty, last != nil { page = try await queries.queuedEntries(after: nil, limit: 1000) }
        let addition = try await lanes.add(page)
        let triggers: [LookTrigger] = addition.added == 0 ? [] : addition.lanesToMatch.map { .lane($0) }
        return (page.count == 1000 ? page.last?.member.item : nil, triggers)
    }

    /// Reservations without an answer: PostgreSQL says what became of them.
    func settleReservations(at now: Instant) async throws -> [LookTrigger] {
        try await SettleReservations(lanes: lanes, queries: queries).perform(
            try await lanes.overdueReservations(at: now)
        )
        .triggers
    }

    /// Lane changes of these batches have reached Redis.
    func acknowledge(_ batches: [Int64]) async throws {
        guard !batches.isEmpty else { return }
        _ = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    "UPDATE outbox SET laned = true WHERE tenant = $1 AND batch = ANY($2::bigint[])",
                    [.int4(tenant), .int8s(batches)])
            ])
    }
}
