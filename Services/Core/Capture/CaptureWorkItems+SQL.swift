import Domain
import Foundation
import Storage

extension CaptureWorkItems {
    /// Writes the items that are new, with their events and the batch of the outbox, in one statement and one round trip.
    func insert(
        _ items: [WorkItem], traces: [UUID: String?], in snapshot: TenantSnapshot, at now: Instant
    ) async throws -> (inserted: Set<UUID>, batch: Int64?) {
        guard !items.isEmpty else { return ([], nil) }
        // Not idempotent by itself, but repeatable: what a lost COMMIT did write is found again by its key.
        let results = try await pool.batch(
            tenant: tenant, idempotent: true, [insertion(of: items, traces: traces, in: snapshot, at: now)])
        return try Self.inserted(results[0])
    }

    /// Which items a statement of `insertion` has written, and the number of their batch.
    static func inserted(_ rows: SQLResult) throws -> (inserted: Set<UUID>, batch: Int64?) {
        var inserted: Set<UUID> = []
        var batch: Int64?
        for row in rows {
            inserted.insert(try row[0].uuid)
            batch = try row[1].int64
        }
        return (inserted, batch)
    }

    /// The statement that writes items with their events and the batch of the outbox; those whose key is taken it leaves out.
    func insertion(
        of items: [WorkItem], traces: [UUID: String?], in snapshot: TenantSnapshot, at now: Instant
    ) -> SQLStatement {
        let events = items.map { item in
            WorkItemEvents.event(
                of: item, action: item.status == .rejected ? .reject : .submit, from: nil,
                actor: Actor(
                    .source, snapshot.names.name(of: .source, item.source) ?? "", trace: traces[item.id] ?? nil),
                reason: item.reason, withContent: true, in: snapshot)
        }
        let laned = !items.contains { $0.status == .queued }
        let parameters =
            [.int4(tenant)] + WorkItem.fixedParameters(items) + WorkItem.changingParameters(items) + [
                .texts(events.map(\.kind)), .texts(events.map(\.body)), .int8(now.milliseconds), .bool(laned),
                .textsOptional(events.map(\.trace)),
            ]
        return SQLStatement(Self.text, parameters)
    }

    func load(_ keys: [CaptureKey], into known: inout [CaptureKey: WorkItem]) async throws {
        let rows = try await pool.query(
            """
            SELECT \(WorkItem.columns.split(separator: ", ").map { "w.\($0)" }.joined(separator: ", "))
            FROM unnest($2::int[], $3::text[]) AS k(source, capture_id)
            JOIN work_item w ON w.tenant = $1 AND w.source = k.source AND w.capture_id = k.capture_id
            """,
            [.int4(tenant), .int4s(keys.map(\.source)), .texts(keys.map(\.captureId))], tenant: tenant)
        for row in rows {
            let item = try WorkItem(row: row)
            known[item.key] = item
        }
    }

    /// Batch numbers may be drawn before the rows are locked here: a new item has no earlier event.
    private static let text: String = {
        let types = (WorkItem.fixedTypes + ", " + WorkItem.changingTypes).split(separator: ", ")
        let arrays = types.enumerated().map { "$\($0.offset + 2)::\($0.element)" }.joined(separator: ", ")
        let kind = types.count + 2
        return """
            WITH incoming AS (
                SELECT * FROM unnest(\(arrays), $\(kind)::text[], $\(kind + 1)::text[], $\(kind + 4)::text[])
                    WITH ORDINALITY AS i(\(WorkItem.columns), kind, body, trace, place)
            ), inserted AS (
                INSERT INTO work_item (tenant, \(WorkItem.columns))
                SELECT $1, \(WorkItem.columns) FROM incoming ORDER BY place
                ON CONFLICT (tenant, source, capture_id) DO NOTHING RETURNING id
            ), batch AS (
                INSERT INTO outbox (tenant, batch, events, written_at, laned)
                SELECT $1, nextval('outbox_batch'), count(*), $\(kind + 2), $\(kind + 3) FROM inserted HAVING count(*) > 0
                RETURNING batch
            ), stored AS (
                INSERT INTO event (tenant, subject, revision, batch, place, kind, source, at, body, traceparent)
                SELECT $1, i.id, i.revision, b.batch, row_number() OVER (ORDER BY i.place) - 1, i.kind, i.source,
                    $\(kind + 2), i.body, i.trace
                FROM inserted n JOIN incoming i USING (id) CROSS JOIN batch b
            )
            SELECT n.id, b.batch FROM inserted n CROSS JOIN batch b
            """
    }()
}
