import Domain
import Foundation
import Storage

/// Retention: final items, events and dead letters older than the tenant keeps them go; answers to commands after 7 days.
struct ClearAway: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    private static let day: Int64 = 86_400_000
    private static let page: Int64 = 1000

    /// - Returns: whether there may be more to clear.
    func step(in snapshot: TenantSnapshot, at now: Instant) async throws -> Bool {
        var more = try await delete(
            """
            DELETE FROM command_answer WHERE (tenant, source, key) IN (
                SELECT tenant, source, key FROM command_answer WHERE tenant = $1 AND at < $2 LIMIT \(Self.page))
            """, before: now - 7 * Self.day)
        let retention = snapshot.configuration.retention
        more =
            try await delete(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM work_item WHERE tenant = $1 AND completed_at < $2
                        AND status IN ('completed', 'canceled', 'rejected') ORDER BY completed_at LIMIT \(Self.page)
                        FOR UPDATE SKIP LOCKED
                )
                DELETE FROM work_item w USING old WHERE w.tenant = $1 AND w.id = old.id
                """, before: now - Int64(retention.finalItems) * Self.day) || more
        // Oldest first and only what has been published, so that the feed loses its tail and nothing else.
        more =
            try await delete(
                """
                WITH old AS MATERIALIZED (
                    SELECT o.batch FROM outbox o, relay r
                    WHERE o.tenant = $1 AND r.tenant = $1 AND o.written_at < $2 AND o.laned
                        AND o.position + o.events - 1 <= r.published
                    ORDER BY o.position LIMIT \(Self.page)
                ), events AS (
                    DELETE FROM event e USING old WHERE e.tenant = $1 AND e.batch = old.batch
                )
                DELETE FROM outbox o USING old WHERE o.tenant = $1 AND o.batch = old.batch
                """, before: now - Int64(retention.events) * Self.day) || more
        // A message that nobody has mended in that time, or that was retried long ago.
        more =
            try await delete(
                """
                DELETE FROM dead_letter WHERE tenant = $1 AND id IN (
                    SELECT id FROM dead_letter WHERE tenant = $1 AND at < $2 ORDER BY id LIMIT \(Self.page))
                """, before: now - Int64(retention.events) * Self.day) || more
        return more
    }

    private func delete(_ sql: String, before moment: Instant) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true, [SQLStatement(sql, [.int4(tenant), .int8(moment.milliseconds)])])
        return results[0].rowsAffected >= Int(Self.page)
    }
}
