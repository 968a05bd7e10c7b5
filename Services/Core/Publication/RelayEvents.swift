import Domain
import Logging
import Messaging
import Storage

/// The outbox's relay: gives committed batches their place in the feed, without gaps, and publishes them in that order.
///
/// It runs where the tenant's lease is held; its writes carry the lease's term. Batches are found by having no position,
/// never by a watermark of their numbers: those have gaps and commit late.
struct RelayEvents: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    let tenantName: String
    let producer: KafkaProducer
    let topics: Topics
    let fence: TermFence

    /// Places and publishes once.
    /// - Returns: how many batches were placed and how many events published; both 0 when there was nothing to do.
    func step() async throws -> (placed: Int, published: Int) {
        let placed = try await place()
        let published = try await publish()
        return (placed, published)
    }

    private func place() async throws -> Int {
        let results = try await pool.batch(
            tenant: tenant, fence: fence,
            [
                SQLStatement(
                    """
                    WITH pending AS MATERIALIZED (
                        SELECT batch, events FROM outbox
                        WHERE tenant = $1 AND position IS NULL ORDER BY batch LIMIT 1000
                    ), base AS MATERIALIZED (
                        SELECT position FROM relay WHERE tenant = $1 FOR UPDATE
                    ), placed AS (
                        UPDATE outbox o SET position = p.position
                        FROM (
                            SELECT batch, base.position + sum(events) OVER (ORDER BY batch) - events + 1 AS position
                            FROM pending CROSS JOIN base
                        ) p
                        WHERE o.tenant = $1 AND o.batch = p.batch RETURNING o.events
                    ), total AS (
                        SELECT coalesce(sum(events), 0) AS events, count(*) AS batches FROM placed
                    ), moved AS (
                        UPDATE relay SET position = position + total.events FROM total
                        WHERE tenant = $1 AND total.events > 0
                    )
                    SELECT batches FROM total
                    """, [.int4(tenant)])
            ])
        return Int(try results[0][0, 0].int64)
    }

    private func publish() async throws -> Int {
        let published = try await pool.query(
            "SELECT published FROM relay WHERE tenant = $1", [.int4(tenant)], tenant: tenant)
        guard !published.isEmpty else { return 0 }
        let events = try await EventFeed(pool: pool, tenant: tenant).events(
            after: try published[0, 0].int64, limit: 4000)
        guard let last = events.last else { return 0 }
        try await producer.send(
            events.map { event in
                OutgoingMessage(
                    topic: topics.topic(of: event), key: event.subjectText,
                    value: event.cloudEvent(tenant: tenantName), headers: event.headers)
            })
        _ = try await pool.batch(
            tenant: tenant, fence: fence, idempotent: true,
            [SQLStatement("UPDATE relay SET published = $2 WHERE tenant = $1", [.int4(tenant), .int8(last.position)])])
        return events.count
    }
}

extension Topics {
    /// Where an event goes.
    func topic(of event: PlacedEvent) -> String {
        if event.concernsAgent { return agentEvents }
        return event.concernsEmail ? emailStatus : workItemEvents
    }
}
