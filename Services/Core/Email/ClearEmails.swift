import Domain
import Foundation
import Storage

/// Retention of messages: they go with their items, those without an item as long after as items do. Contents that no
/// message refers to go after a day, and so do halves of uploads. Keys of what was taken stay while their mailbox is there.
struct ClearEmails: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    private static let day: Int64 = 86_400_000
    private static let page = 200

    /// - Returns: whether there may be more to clear.
    func step(in snapshot: TenantSnapshot, at now: Instant) async throws -> Bool {
        let endOfItems = now - Int64(snapshot.configuration.retention.finalItems) * Self.day
        var more = try await clearEmails(
            """
            SELECT id FROM email WHERE tenant = $1 AND work_item IS NULL AND created_at < $2
                AND state NOT IN ('queued', 'sending') ORDER BY created_at LIMIT \(Self.page)
            """, before: endOfItems, at: now)
        more = try await clearContents(before: now - Self.day) || more
        more =
            try await clear(
                """
                WITH old AS MATERIALIZED (
                    SELECT id FROM content_upload WHERE tenant = $1 AND at < $2 LIMIT \(Self.page)
                ), chunks AS (
                    DELETE FROM content_chunk c USING old WHERE c.tenant = $1 AND c.upload = old.id
                        AND NOT EXISTS (SELECT FROM content k WHERE k.tenant = $1 AND k.upload = old.id)
                )
                DELETE FROM content_upload u USING old WHERE u.tenant = $1 AND u.id = old.id
                """, before: now - Self.day) || more
        _ = try await clear("DELETE FROM email_automatic WHERE tenant = $1 AND at < $2", before: now - 3_600_000)
        _ = try await clear("DELETE FROM mailbox_test WHERE tenant = $1 AND at < $2", before: now - Self.day)
        return try await clearKeys(allBut: snapshot.configuration.mailboxes.map(\.name), before: endOfItems) || more
    }

    /// Keys of mailboxes that are gone. Which there are is found from mailbox to mailbox along the index, not by reading the
    /// keys of those that stay, which are many and old.
    private func clearKeys(allBut present: [String], before moment: Instant) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    """
                    WITH RECURSIVE known(mailbox) AS (
                        (SELECT mailbox FROM email_key WHERE tenant = $1 ORDER BY mailbox LIMIT 1)
                        UNION ALL
                        SELECT (SELECT k.mailbox FROM email_key k WHERE k.tenant = $1 AND k.mailbox > known.mailbox
                            ORDER BY k.mailbox LIMIT 1)
                        FROM known WHERE known.mailbox IS NOT NULL
                    ), gone AS MATERIALIZED (
                        SELECT mailbox FROM known WHERE mailbox IS NOT NULL AND mailbox <> ALL($3::text[])
                    ), old AS MATERIALIZED (
                        SELECT k.mailbox, k.key FROM gone CROSS JOIN LATERAL (
                            SELECT mailbox, key FROM email_key WHERE tenant = $1 AND mailbox = gone.mailbox AND at < $2
                            LIMIT 1000) AS k
                        LIMIT 1000
                    )
                    DELETE FROM email_key e USING old WHERE e.tenant = $1 AND e.mailbox = old.mailbox AND e.key = old.key
                    """, [.int4(tenant), .int8(moment.milliseconds), .texts(present)])
            ])
        return results[0].rowsAffected >= 1000
    }

    /// What belongs to items that are about to go; for the transaction that takes them.
    static func forgetting(items: [UUID], tenant: Int32, at now: Instant) -> [SQLStatement] {
        let parameters: [SQLValue] = [.int4(tenant), .uuids(items)]
        return [
            SQLStatement(
                """
                SELECT millrace_forget_emails($1, ARRAY(
                    SELECT id FROM email WHERE tenant = $1 AND work_item = ANY($2::uuid[])), $3)
                """, parameters + [.int8(now.milliseconds)]),
            SQLStatement("DELETE FROM email_thread WHERE tenant = $1 AND work_item = ANY($2::uuid[])", parameters),
            SQLStatement("DELETE FROM email_token WHERE tenant = $1 AND work_item = ANY($2::uuid[])", parameters),
        ]
    }

    private func clearEmails(_ selection: String, before moment: Instant, at now: Instant) async throws -> Bool {
        let results = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement(
                    "SELECT millrace_forget_emails($1, ARRAY(\(selection)), $3)",
                    [.int4(tenant), .int8(moment.milliseconds), .int8(now.milliseconds)])
            ])
        return try results[0][0, 0].int64 >= Int64(Self.page)
    }

    /// Contents without a reference. Whoever refers to one now has its row locked, and it is passed over.
    func clearContents(before moment: Instant) async throws -> Bool {
        try await clear(
            ClearContentFiles.deleting(
                """
                AND c.unreferenced_since < $2
                    AND NOT EXISTS (SELECT FROM email_content r WHERE r.tenant = $1 AND r.sha256 = c.sha256)
                ORDER BY c.unreferenced_since LIMIT \(Self.page) FOR UPDATE SKIP LOCKED
                """, [.int4(tenant), .int8(moment.milliseconds)]))
    }

    private func clear(_ sql: String, before moment: Instant) async throws -> Bool {
        try await clear(SQLStatement(sql, [.int4(tenant), .int8(moment.milliseconds)]))
    }

    private func clear(_ statement: SQLStatement) async throws -> Bool {
        let results = try await pool.batch(tenant: tenant, idempotent: true, [statement])
        return results[0].rowsAffected >= Self.page
    }
}
