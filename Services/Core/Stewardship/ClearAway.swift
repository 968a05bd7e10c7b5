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
        let retention = snapshot.configuration.retention
        let endOfItems = now - Int64(retention.finalItems) * Self.day
        let endOfEvents = now - Int64(retention.events) * Self.day
        var more = try await clear(Self.oldest(of: "command_answer", "source, key"), before: now - 7 * Self.day)
        more = try await clearItems(before: endOfItems, at: now) || more
        more = try await ClearEmails(pool: pool, tenant: tenant).step(in: snapshot, at: now) || more
        // Oldest first and only what has been published, so that the feed loses its tail and nothing else.
        more =
            try await clear(
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
                """, before: endOfEvents) || more
        more = try await clearPastCustomers(in: snapshot, at: now) || more
        // A message that nobody has mended in that time, or that was retried long ago.
        more = try await clear(Self.oldest(of: "dead_letter", "id"), before: endOfEvents) || more
        if !more { try await ClearVersions(pool: pool, tenant: tenant).step(in: snapshot, at: now) }
        return more
    }

    /// Whose items were is known until their events have gone, and, where there is a data mart, until that has let go of the
    /// items as well: it keeps facts for longer, from an item's end on.
    private func clearPastCustomers(in snapshot: TenantSnapshot, at now: Instant) async throws -> Bool {
        var days = snapshot.configuration.retention.events
        var condition = "NOT EXISTS (SELECT FROM event e WHERE e.tenant = $1 AND e.subject = t.item AND e.at <= t.at)"
        if let mart = snapshot.configuration.datamart {
            days = max(days, mart.retention.events)
            condition += " AND NOT EXISTS (SELECT FROM work_item w WHERE w.tenant = $1 AND w.id = t.item)"
        }
        return try await clear(
            Self.oldest(of: "past_customer", "customer, item", and: condition), before: now - Int64(days) * Self.day)
    }

    /// Final items with their messages. Events may outlive the item, and a data mart's facts: whose it was is remembered.
    private func clearItems(before moment: Instant, at now: Instant) async throws -> Bool {
        try await pool.transaction(tenant: tenant, idempotent: true) { transaction in
            let gone = try await transaction.query(
                """
                WITH old AS MATERIALIZED (
                    SELECT id, customer_key FROM work_item WHERE tenant = $1 AND completed_at < $2
                        AND status IN ('completed', 'canceled', 'rejected') ORDER BY completed_at LIMIT \(Self.page)
                        FOR UPDATE SKIP LOCKED
                ), former AS (
                    UPDATE past_customer p SET at = $3, is_last = false FROM old
                    WHERE p.tenant = $1 AND p.item = old.id AND p.customer IS DISTINCT FROM old.customer_key
                ), past AS (
                    INSERT INTO past_customer (tenant, customer, item, at, is_last)
                    SELECT $1, customer_key, id, $3, true FROM old WHERE customer_key IS NOT NULL
                    ON CONFLICT (tenant, customer, item) DO UPDATE SET at = excluded.at, is_last = true
                )
                DELETE FROM work_item w USING old WHERE w.tenant = $1 AND w.id = old.id RETURNING w.id
                """, [.int4(tenant), .int8(moment.milliseconds), .int8(now.milliseconds)])
            guard !gone.isEmpty else { return false }
            let items = try gone.map { try $0[0].uuid }
            _ = try await transaction.commit(
                with: ClearEmails.forgetting(items: items, tenant: tenant, at: now) + [
                    IndexText.forgetting(items, tenant: tenant),
                    WorkItemEvents.insertion(
                        of: [GoneItemEvents.removed(items)], tenant: tenant, at: now, laned: true),
                ])
            return items.count >= Int(Self.page)
        }
    }

    /// A page of a table's rows that are older than $2.
    private static func oldest(of table: String, _ key: String, and condition: String = "true") -> String {
        """
        DELETE FROM \(table) WHERE (tenant, \(key)) IN (
            SELECT tenant, \(key) FROM \(table) t WHERE tenant = $1 AND at < $2 AND \(condition) LIMIT \(page))
        """
    }

    private func clear(_ sql: String, before moment: Instant) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true, [SQLStatement(sql, [.int4(tenant), .int8(moment.milliseconds)])])
        return results[0].rowsAffected >= Int(Self.page)
    }
}
