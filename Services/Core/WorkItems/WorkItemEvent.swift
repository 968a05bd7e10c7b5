import Domain
import Foundation
import Storage

/// An event as it is stored: written in the transaction of the change that it tells.
package struct StoredEvent: Sendable {
    /// The work item, or the agent's number as an id.
    package var subject: UUID
    package var revision: Int32
    /// The CloudEvent's type without `millrace.`: `workitem.offered`, `agent.state`.
    package var kind: String
    var source: Int32?
    /// The CloudEvent's `data`, as JSON text.
    package var body: String
    var explanation: String?
    /// W3C trace context of what caused it.
    var trace: String?
}

/// Builds the events of a transaction and the statement that stores them.
package enum WorkItemEvents {
    package static func event(of change: WorkItemChange, in snapshot: TenantSnapshot) -> StoredEvent {
        let (before, after) = (change.before, change.after)
        return event(
            of: after, action: change.action, from: before.status, actor: change.actor, agent: change.agent,
            pick: change.pick, reason: change.reason,
            withContent: change.attributesChanged || change.action == .restart, in: snapshot)
    }

    /// - Parameters:
    ///   - from: nil for a new item.
    ///   - reason: why this was done, not why something was done before.
    static func event(
        of item: WorkItem, action: WorkItemAction, from: WorkItemStatus?, actor: Actor, agent: Int32? = nil,
        pick: PickedOffer? = nil, reason: String?, withContent: Bool, in snapshot: TenantSnapshot
    ) -> StoredEvent {
        let names = snapshot.names
        var writer = JSONWriter(capacity: 640)
        writer.object { data in
            data.member("workItemId", item.id.dashedText)
            data.member("captureId", item.captureId)
            data.member("sourceName", names.name(of: .source, item.source))
            data.member("revision", item.revision)
            data.member("action", action.rawValue)
            data.member("from", from?.rawValue)
            // One transaction may take an item through `captured` and on; readers who know the table want to see it.
            data.member("via", via(from, action, item.status)?.rawValue)
            data.member("to", item.status.rawValue)
            data.member("agent", agent.flatMap { names.name(of: .agent, $0) })
            data.object("actor") {
                $0.member("kind", actor.kind.rawValue)
                $0.member("id", actor.id)
            }
            data.member("category", item.category.flatMap { names.name(of: .category, $0) })
            data.member("endpoint", item.endpoint.flatMap { names.name(of: .endpoint, $0) })
            data.member("channel", item.channel)
            data.member("weight", item.weight)
            data.member("priority", pick?.priority)
            data.member("age", pick.map { Double($0.age) / 1000 })
            data.member("anchor", item.anchor)
            data.member("activation", item.activation)
            data.member("due", item.due)
            data.member("deadline", item.deadline)
            data.member("workbin", item.workbin)
            data.member("heldFrom", item.heldFrom?.rawValue)
            data.member("reason", reason)
            if let result = item.result { data.member("result", json: result.utf8) }
            data.member("configurationVersion", item.configurationVersion)
            if withContent {
                data.member("receivedAt", item.receivedAt)
                data.member("businessValue", item.businessValue)
                data.member("attributes", json: item.attributes.utf8)
            }
        }
        return StoredEvent(
            subject: item.id, revision: item.revision, kind: kind(of: action), source: item.source, body: writer.text,
            explanation: pick?.explanation, trace: actor.trace)
    }

    static func event(
        of agent: AgentRow, from: AgentState, actor: Actor, reason: String?, in snapshot: TenantSnapshot
    ) -> StoredEvent {
        var writer = JSONWriter(capacity: 256)
        writer.object { data in
            data.member("agent", snapshot.names.name(of: .agent, agent.id))
            data.member("revision", agent.revision)
            data.member("from", from.rawValue)
            data.member("to", agent.state.rawValue)
            data.object("actor") {
                $0.member("kind", actor.kind.rawValue)
                $0.member("id", actor.id)
            }
            data.member("reason", reason)
        }
        return StoredEvent(
            subject: UUID(high: 0, low: UInt64(agent.id)), revision: agent.revision, kind: "agent.state", source: nil,
            body: writer.text, trace: actor.trace)
    }

    /// Stores events as one batch of the outbox. Runs after every lock of the transaction has been taken:
    /// batch numbers then rise in the order of an item's changes.
    static func insertion(of events: [StoredEvent], tenant: Int32, at now: Instant, laned: Bool) -> SQLStatement {
        SQLStatement(
            """
            WITH batch AS (
                INSERT INTO outbox (tenant, batch, events, written_at, laned)
                VALUES ($1, nextval('outbox_batch'), cardinality($3::uuid[]), $2, $9) RETURNING batch
            ), stored AS (
                INSERT INTO event (tenant, subject, revision, batch, place, kind, source, at, body, explanation, traceparent)
                SELECT $1, e.subject, e.revision, batch.batch, e.place - 1, e.kind, e.source, $2, e.body, e.explanation, e.trace
                FROM batch, unnest($3::uuid[], $4::int[], $5::text[], $6::int[], $7::text[], $8::text[],
                    $10::text[])
                    WITH ORDINALITY AS e(subject, revision, kind, source, body, explanation, trace, place)
            )
            SELECT batch FROM batch
            """,
            [
                .int4(tenant), .int8(now.milliseconds), .uuids(events.map(\.subject)), .int4s(events.map(\.revision)),
                .texts(events.map(\.kind)), .int4sOptional(events.map(\.source)), .texts(events.map(\.body)),
                .textsOptional(events.map(\.explanation)), .bool(laned),
                .textsOptional(events.map(\.trace)),
            ])
    }

    private static func via(_ from: WorkItemStatus?, _ action: WorkItemAction, _ to: WorkItemStatus) -> WorkItemStatus?
    {
        guard let from else { return to == .captured || to == .new ? nil : .captured }
        guard let direct = Transition.next(from: from, action: action) else { return nil }
        return direct != to && direct == .captured ? .captured : nil
    }

    /// The type of the event that tells an action: `workitem.offer`.
    private static func kind(of action: WorkItemAction) -> String { kinds[action] ?? "" }

    private static let kinds = Dictionary(
        uniqueKeysWithValues: WorkItemAction.allCases.map { ($0, "workitem.\($0.rawValue)") })
}
