import Domain
import Foundation
import Storage

/// Items and events in PostgreSQL.
extension EraseCustomer {
    /// Which of an item's events tell nothing any more.
    struct Blank: Sendable {
        var item: UUID
        /// Those of lower revision.
        var before: Int32 = .max
        /// The source's number goes as well.
        var wholly: Bool
    }

    private var tenant: Int32 { runtime.tenant }

    func presentItems() async throws -> [UUID] {
        try await ids(
            """
            SELECT id FROM work_item WHERE tenant = $1 AND customer_key = md5($2)::uuid AND customer = $2
            ORDER BY id LIMIT \(Self.page)
            """)
    }

    /// Items that were the customer's once, those that are gone among them.
    func pastItems() async throws -> [UUID] {
        try await ids(
            """
            SELECT item FROM past_customer WHERE tenant = $1 AND customer = md5($2)::uuid ORDER BY item LIMIT \(Self.page)
            """)
    }

    private func ids(_ sql: String) async throws -> [UUID] {
        try await runtime.dependencies.pool.query(sql, [.int4(tenant), .text(name.text)], tenant: tenant)
            .map { try $0[0].uuid }
    }

    /// Forgets which of these items were the customer's once: each is told of once.
    func takePast(of items: [UUID], on transaction: Transaction) async throws -> [PastItem] {
        try await transaction.query(
            """
            DELETE FROM past_customer WHERE tenant = $1 AND customer = md5($2)::uuid AND item = ANY($3::uuid[])
            RETURNING item, coalesce(is_last, true)
            """, [.int4(tenant), .text(name.text), .uuids(items)]
        ).map { PastItem(id: try $0[0].uuid, isFormer: try !$0[1].bool) }
    }

    /// Whether an event's attributes name the customer; JSON is read only where the text occurs.
    private static let names = """
        CASE WHEN strpos(body, $2) > 0 THEN coalesce(body::jsonb -> 'attributes' ->> $3 = $4, false) ELSE false END
        """
    private var namedBy: [SQLValue] { [.text(name.escaped), .text(name.attribute), .text(name.text)] }

    func locking(_ ids: [UUID]) -> SQLStatement {
        SQLStatement(
            "SELECT \(WorkItem.columns) FROM work_item WHERE tenant = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE",
            [.int4(tenant), .uuids(ids)])
    }

    /// Events that tell attributes, by item, oldest first, and whether these name the customer.
    func contentEvents(
        of items: [UUID], on transaction: Transaction
    ) async throws -> [UUID: [(revision: Int32, names: Bool)]] {
        let rows = try await transaction.query(
            """
            SELECT subject, revision, \(Self.names) FROM event
            WHERE tenant = $1 AND subject = ANY($5::uuid[]) AND body::jsonb ? 'attributes' ORDER BY subject, revision
            """, [.int4(tenant)] + namedBy + [.uuids(items)])
        var histories: [UUID: [(revision: Int32, names: Bool)]] = [:]
        for row in rows { histories[try row[0].uuid, default: []].append((try row[1].int32, try row[2].bool)) }
        return histories
    }

    func blanking(_ blanks: [Blank]) -> SQLStatement {
        SQLStatement(
            """
            UPDATE event e SET body = (
                (e.body::jsonb - 'reason' - 'result')
                || CASE WHEN e.body::jsonb ? 'attributes' THEN '{"attributes": {}}'::jsonb ELSE '{}'::jsonb END
                || CASE WHEN b.wholly THEN jsonb_build_object('captureId', 'erased:' || e.subject) ELSE '{}'::jsonb END)::text
            FROM unnest($2::uuid[], $3::int[], $4::boolean[]) AS b(subject, before, wholly)
            WHERE e.tenant = $1 AND e.subject = b.subject AND e.revision < b.before
            """,
            [
                .int4(tenant), .uuids(blanks.map(\.item)), .int4s(blanks.map(\.before)), .bools(blanks.map(\.wholly)),
            ])
    }

    func updating(_ items: [WorkItem]) -> SQLStatement {
        SQLStatement(
            """
            UPDATE work_item w SET (revision, updated_at, capture_id, content_hash, attributes, customer, reason, result)
                = ROW(u.revision, u.updated_at, u.capture_id, u.content_hash, u.attributes, u.customer, u.reason, u.result)
            FROM unnest($2::uuid[], $3::int[], $4::bigint[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::text[],
                $10::text[])
                AS u(id, revision, updated_at, capture_id, content_hash, attributes, customer, reason, result)
            WHERE w.tenant = $1 AND w.id = u.id
            """,
            [
                .int4(tenant), .uuids(items.map(\.id)), .int4s(items.map(\.revision)),
                .int8s(items.map(\.updatedAt.milliseconds)), .texts(items.map(\.captureId)),
                .bytesArray(items.map(\.contentHash)), .texts(items.map(\.attributes)),
                .textsOptional(items.map(\.customer)), .textsOptional(items.map(\.reason)),
                .textsOptional(items.map(\.result)),
            ])
    }

    /// Answers that show one of the items, and refusals that name it by its source's number.
    func forgettingAnswers(about items: [UUID], captureIds: [String]) -> [SQLStatement] {
        let naming = captureIds.map { "captureId " + JSONValue.string($0).text.dropFirst().dropLast() + " " }
        return [
            SQLStatement(
                "DELETE FROM command_answer WHERE tenant = $1 AND item = ANY($2::text[])",
                [.int4(tenant), .texts(items.map(\.dashedText))]),
            SQLStatement(
                """
                DELETE FROM command_answer WHERE tenant = $1 AND status = 409 AND strpos(body, 'captureId ') > 0
                    AND EXISTS (SELECT FROM unnest($2::text[]) AS n(naming) WHERE strpos(body, naming) > 0)
                """, [.int4(tenant), .texts(naming)]),
        ]
    }
}
