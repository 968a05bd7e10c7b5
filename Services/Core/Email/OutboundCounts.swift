import Domain
import Storage

/// What a mailbox has to send and does not send just now.
struct OutboundCounts: Sendable, Equatable {
    var queued: Int64 = 0
    /// Of the queued ones those whose time has come.
    var due: Int64 = 0
    /// Milliseconds that the first of them has been due for.
    var oldestDue: Int64 = 0
    var awaitingApproval: Int64 = 0
    var uncertain: Int64 = 0

    /// By mailbox: all that are configured to send, and others that have something left.
    static func read(_ runtime: TenantRuntime, at now: Instant) async throws -> [String: OutboundCounts] {
        let rows = try await runtime.dependencies.pool.query(
            """
            SELECT mailbox, count(*) FILTER (WHERE state = 'queued'),
                count(*) FILTER (WHERE state = 'queued' AND due_at <= $2), min(due_at) FILTER (WHERE state = 'queued'),
                count(*) FILTER (WHERE state = 'awaitingApproval'), count(*) FILTER (WHERE state = 'uncertain')
            FROM email WHERE tenant = $1 AND state IN ('queued', 'awaitingApproval', 'uncertain') GROUP BY mailbox
            """, [.int4(runtime.tenant), .int8(now.milliseconds)], tenant: runtime.tenant)
        let sending = runtime.snapshot.configuration.mailboxes.filter { $0.outbound != nil }
        var counts = Dictionary(sending.map { ($0.name, OutboundCounts()) }, uniquingKeysWith: { $1 })
        for row in rows {
            let first = (try row[3].nullable?.int64).map { Instant(milliseconds: $0) }
            counts[try row[0].text] = OutboundCounts(
                queued: try row[1].int64, due: try row[2].int64, oldestDue: max(0, first.map { now - $0 } ?? 0),
                awaitingApproval: try row[4].int64, uncertain: try row[5].int64)
        }
        return counts
    }
}
