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
        let free = try await RebuildLanes(lanes: lanes, queries: queries).resyncAgents(in: snapshot)
        try await acknowledge(numbers)
        return addition.lanesToMatch.map { .lane($0) } + free.map { .agent($0) }
    }

    /// Reservations without an answer: PostgreSQL says what became of them.
    func settleReservations(at now: Instant) async throws -> [LookTrigger] {
        try await SettleReservations(lanes: lanes, queries: queries).perform(try await lanes.overdueReservations(at: now))
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
