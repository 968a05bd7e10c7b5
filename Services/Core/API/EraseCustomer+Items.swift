import Domain
import Foundation
import Storage

/// Items and events in PostgreSQL.
extension EraseCustomer {
    /// Where a page of the tenant's events ended.
    struct EventPlace: Sendable {
        var subject = UUID(high: 0, low: 0)
        var revision: Int32 = 0
    }

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
        try await runtime.dependencies.pool.query(
            """
            SELECT id FROM work_item WHERE tenant = $1 AND md5(customer) = md5($2) AND customer = $2
            ORDER BY id LIMIT \(Self.page)
            """, [.int4(tenant), .text(name.text)], tenant: tenant
        ).map { try $0[0].uuid }
    }

    /// Items whose events name the customer, a page of all events at a time: no index knows them.
    /// - Returns: `last` is nil after the last page.
    func formerItems(after place: EventPlace) async throws -> (ids: [UUID], last: EventPlace?) {
        let limit = 2000
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT subject, revision, \(Self.names) FROM event
            WHERE tenant = $1 AND (subject, revision) > ($5, $6) ORDER BY subject, revision LIMIT \(limit)
            """,
            [.int4(tenant)] + namedBy + [.uuid(place.subject), .int4(place.revision)], tenant: tenant)
        var ids: Set<UUID> = []
        for row in rows where try row[2].bool { ids.insert(try row[0].uuid) }
        guard rows.count == limit, let last = rows.last else { return (Array(ids), nil) }
        return (Array(ids), EventPlace(subject: try last[0].uuid, revision: try last[1].int32))
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

    /// Answers that tell one of the items, and refusals that name it by its source's number.
    func forgettingAnswers(about items: [WorkItem]) -> SQLStatement {
        let naming = items.map { "captureId " + JSONValue.string($0.captureId).text.dropFirst().dropLast() + " " }
        return SQLStatement(
            """
            DELETE FROM command_answer WHERE tenant = $1 AND (
                (body::jsonb ->> 'id') = ANY($2::text[])
                OR status >= 400 AND EXISTS (SELECT FROM unnest($3::text[]) AS n(naming) WHERE strpos(body, naming) > 0))
            """,
            [.int4(tenant), .texts(items.map(\.id.dashedText)), .texts(naming)])
    }
}
