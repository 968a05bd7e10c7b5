import Domain
import Foundation
import Storage

/// Keeps the words of a tenant's items: follows the events that change what is searched, in order, and writes the items'
/// words as they are then. It runs where the tenant's lease is held, and its writes carry the lease's term.
///
/// An item is read after the event that tells of its change, so whatever comes later has an event that comes later too.
struct IndexText: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    let fence: TermFence
    /// Items of a transaction; each has at most some hundred kilobytes.
    private static let page = 100
    /// Events looked at in a step.
    private static let span: Int64 = 4000

    /// What a step found.
    struct Step: Sendable {
        /// The position up to which words are written.
        var position: Int64
        /// Events that are placed and not looked at.
        var behind: Int64
        /// Whether there is more to do at once.
        var more: Bool
    }

    func step() async throws -> Step {
        let rows = try await pool.query(
            """
            SELECT p.position, p.walked, coalesce((SELECT position FROM relay WHERE tenant = $1), 0)
            FROM search_progress p WHERE p.tenant = $1
            """, [.int4(tenant)], tenant: tenant)
        guard !rows.isEmpty else {
            // What is placed by now belongs to items that the walk will meet.
            _ = try await pool.batch(
                tenant: tenant, fence: fence, idempotent: true,
                [
                    SQLStatement(
                        """
                        INSERT INTO search_progress (tenant, position)
                        VALUES ($1, coalesce((SELECT position FROM relay WHERE tenant = $1), 0)) ON CONFLICT DO NOTHING
                        """, [.int4(tenant)])
                ])
            return Step(position: 0, behind: 0, more: true)
        }
        let (position, newest) = (try rows[0, 0].int64, try rows[0, 2].int64)
        // What comes meanwhile is found at once; what was there before, as the walk goes on.
        let walked = try rows[0, 1].nullable?.uuid
        if let walked { try await walk(after: walked) }
        guard newest > position else { return Step(position: position, behind: 0, more: walked != nil) }
        let end = min(newest, position + Self.span)
        let items = try await changed(after: position, through: end)
        for start in stride(from: 0, to: items.count, by: Self.page) {
            try await rested {
                try await write(Array(items[start..<min(items.count, start + Self.page)]), progress: nil)
            }
        }
        // Words of an item that went while they were being written are found by the event of its going.
        _ = try await pool.batch(
            tenant: tenant, fence: fence, idempotent: true,
            [
                SQLStatement(
                    """
                    DELETE FROM search_document WHERE tenant = $1 AND item IN (
                        SELECT jsonb_array_elements_text(e.body::jsonb -> 'workItemIds')::uuid
                        FROM \(Self.events) AND e.kind = $4)
                    """, [.int4(tenant), .int8(position), .int8(end), .text(GoneItemEvents.remove)]),
                SQLStatement(
                    "UPDATE search_progress SET position = $2 WHERE tenant = $1", [.int4(tenant), .int8(end)]),
            ])
        return Step(position: end, behind: newest - end, more: newest > end || walked != nil)
    }

    /// Through all items, once: those from before there was an index, and those whose events are gone.
    private func walk(after item: UUID) async throws {
        let ids = try await pool.query(
            "SELECT id FROM work_item WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT \(Self.page)",
            [.int4(tenant), .uuid(item)], tenant: tenant
        ).map { try $0[0].uuid }
        let last = ids.count < Self.page ? nil : ids.last
        try await rested {
            try await write(
                ids,
                progress: SQLStatement(
                    "UPDATE search_progress SET walked = $2 WHERE tenant = $1", [.int4(tenant), SQLValue(last)]))
        }
    }

    /// Rests three times as long as the work took: whatever else the servers have to do goes first, and after a burst the
    /// words come a little later.
    private func rested(_ work: () async throws -> Void) async throws {
        let begin = ContinuousClock.now
        try await work()
        try await Task.sleep(for: min(begin.duration(to: .now) * 3, .seconds(1)))
    }

    /// The items of which the events after a position tell something that is searched.
    private func changed(after position: Int64, through last: Int64) async throws -> [UUID] {
        try await pool.query(
            """
            SELECT DISTINCT c.item
            FROM (
                SELECT CASE WHEN e.kind LIKE 'email.%'
                    THEN (SELECT m.work_item FROM email m WHERE m.tenant = $1 AND m.id = e.subject) ELSE e.subject END AS item
                FROM \(Self.events) AND (e.kind LIKE 'email.%' OR e.kind = ANY($4::text[]))
            ) AS c WHERE c.item IS NOT NULL
            """, [.int4(tenant), .int8(position), .int8(last), .texts(Self.kinds)], tenant: tenant
        ).map { try $0[0].uuid }
    }

    /// The events `e` of tenant $1 after position $2, up to $3.
    private static let events = """
        outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch
        WHERE o.tenant = $1
            AND o.position > coalesce((SELECT max(position) FROM outbox WHERE tenant = $1 AND position <= $2 + 1), 0) - 1
            AND o.position <= $3 AND o.position + e.place > $2 AND o.position + e.place <= $3
        """

    /// Steps that change number or attributes.
    private static let kinds = [WorkItemAction.submit, .reject, .update, .restart, .erase].map {
        "workitem.\($0.rawValue)"
    }

    /// Writes these items' words as they are now, and how far that goes.
    private func write(_ items: [UUID], progress: SQLStatement?) async throws {
        let documents = try await SearchDocuments(pool: pool, tenant: tenant).load(items)
        let present = items.filter { documents[$0] != nil }.sorted { $0 < $1 }
        var statements: [SQLStatement] = []
        if !present.isEmpty {
            // Words that stay as they are cost nothing.
            statements.append(
                SQLStatement(
                    """
                    INSERT INTO search_document AS d (tenant, item, words)
                    SELECT $1, n.item, n.words::tsvector FROM unnest($2::uuid[], $3::text[]) AS n(item, words)
                    ON CONFLICT (tenant, item) DO UPDATE SET words = excluded.words WHERE d.words <> excluded.words
                    """,
                    [
                        .int4(tenant), .uuids(present),
                        .texts(present.map { documents[$0].map { SearchTerms($0).vector } ?? "" }),
                    ]))
        }
        if present.count < items.count {
            statements.append(Self.forgetting(items.filter { documents[$0] == nil }, tenant: tenant))
        }
        if let progress { statements.append(progress) }
        guard !statements.isEmpty else { return }
        _ = try await pool.batch(tenant: tenant, fence: fence, idempotent: true, statements)
    }

    /// Takes away the words of items; for the transaction that takes the items or what they say.
    static func forgetting(_ items: [UUID], tenant: Int32) -> SQLStatement {
        SQLStatement(
            "DELETE FROM search_document WHERE tenant = $1 AND item = ANY($2::uuid[])", [.int4(tenant), .uuids(items)])
    }

    /// Takes away words whose item is gone and finds items without words: both should be none.
    /// - Returns: how many there were.
    func repair() async throws -> (gone: Int, missing: Int) {
        let results = try await pool.batch(
            tenant: tenant, fence: fence, idempotent: true,
            [
                SQLStatement(
                    """
                    DELETE FROM search_document d WHERE d.tenant = $1
                        AND NOT EXISTS (SELECT FROM work_item w WHERE w.tenant = $1 AND w.id = d.item)
                    """, [.int4(tenant)]),
                SQLStatement(
                    """
                    SELECT w.id FROM work_item w WHERE w.tenant = $1
                        AND NOT EXISTS (SELECT FROM search_document d WHERE d.tenant = $1 AND d.item = w.id) LIMIT 10000
                    """, [.int4(tenant)]),
            ])
        let missing = try results[1].map { try $0[0].uuid }
        for start in stride(from: 0, to: missing.count, by: Self.page) {
            try await write(Array(missing[start..<min(missing.count, start + Self.page)]), progress: nil)
        }
        return (results[0].rowsAffected, missing.count)
    }
}
