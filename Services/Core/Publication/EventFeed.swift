import Domain
import Storage

/// The reporting feed: every event of a tenant, complete and in order, by gap-free position.
struct EventFeed: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    /// Bytes of bodies at which a page ends: whoever reads it need not hold thousands of large items at once.
    private static let pageBytes: Int64 = 8 << 20
    /// What an event takes besides its body.
    private static let envelopeBytes: Int32 = 400

    /// At most `limit` events after a position, and no more than 8 MiB of them, one at least. Events that the relay has not
    /// placed yet are not there.
    func events(after position: Int64, limit: Int) async throws -> [PlacedEvent] {
        // The batch that holds `position` may begin before it: no batch has more than a transaction's events.
        // Without the upper bounds all that lies behind is read for each page, and the index is read on through all that
        // had no position once and has been updated since. The next batch begins beyond `position + 1` only if what was
        // between has been cleared away.
        // Sizes are summed up over what the index has put in order; a body that is kept apart is not read for that.
        let rows = try await pool.query(
            """
            SELECT batch_position + place, subject, revision, kind, source, at, body, traceparent FROM (
                SELECT f.*, sum(octet_length(f.body) + $5) OVER (ORDER BY f.batch_position, f.place
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                FROM (
                    SELECT o.position AS batch_position, e.place, e.subject, e.revision, e.kind, e.source, e.at, e.body,
                        e.traceparent
                    FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch
                    WHERE o.tenant = $1
                        AND o.position > coalesce(
                            (SELECT max(position) FROM outbox WHERE tenant = $1 AND position <= $2 + 1), 0) - 1
                        AND o.position <= (SELECT least(r.position, greatest($2, coalesce(
                                (SELECT min(n.position) FROM outbox n
                                    WHERE n.tenant = $1 AND n.position > $2 AND n.position <= r.position), 0)) + $3)
                            FROM relay r WHERE r.tenant = $1)
                        AND o.position + e.place > $2
                    ORDER BY o.position, e.place LIMIT $3
                ) f
            ) s
            WHERE before IS NULL OR before < $4 ORDER BY batch_position, place
            """,
            [
                // Beyond the end of any feed it is the same which position is asked for; the sums have room so.
                .int4(tenant), .int8(min(position, .max - Int64(limit) - 1)), .int8(Int64(limit)),
                .int8(Self.pageBytes), .int4(Self.envelopeBytes),
            ], tenant: tenant)
        return try rows.map { try PlacedEvent(row: $0) }
    }

    /// The events of one source's items within `(after, through]`.
    func events(
        ofSource source: Int32, after position: Int64, through last: Int64
    ) async throws -> [PlacedEvent] {
        let rows = try await pool.query(
            """
            SELECT \(PlacedEvent.columns) FROM outbox o JOIN event e ON e.tenant = o.tenant AND e.batch = o.batch
            WHERE o.tenant = $1
                AND o.position > coalesce(
                    (SELECT max(position) FROM outbox WHERE tenant = $1 AND position <= $2 + 1), 0) - 1
                AND o.position <= $3 AND o.position + e.place > $2 AND o.position + e.place <= $3
                AND e.source = $4
            ORDER BY o.position, e.place
            """,
            [.int4(tenant), .int8(position), .int8(last), .int4(source)], tenant: tenant)
        return try rows.map { try PlacedEvent(row: $0) }
    }

    /// The position of the newest placed event, be it that it has been cleared away.
    func lastPosition() async throws -> Int64 {
        let rows = try await pool.query("SELECT position FROM relay WHERE tenant = $1", [.int4(tenant)], tenant: tenant)
        return rows.isEmpty ? 0 : try rows[0, 0].int64
    }
}
