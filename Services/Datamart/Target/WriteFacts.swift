import Foundation
import Storage

/// The rows of the event facts.
package enum WriteFacts {
    /// A step and when it happened by the item's own clock.
    package struct Task: Sendable {
        package var step: TaskStep
        package var effectiveAt: Int64
        /// The item after it, for the dimensions that a step does not repeat.
        package var mediaType: Int32
        package var segment: Int32
        package var product: Int32
        package var businessValueBand: Int32
    }

    static func tasks(_ rows: [Task]) -> SQLStatement {
        var insert = UnnestInsert(into: "task_event_fact")
        insert.add("position", .int8s(rows.map(\.step.position)))
        insert.add("at", .timestamps(milliseconds: rows.map(\.step.at)))
        insert.add("effective_at", .timestamps(milliseconds: rows.map(\.effectiveAt)))
        insert.add("item", .uuids(rows.map(\.step.item)))
        insert.add("revision", .int4s(rows.map(\.step.revision)))
        insert.add("event_type_key", .int4s(rows.map(\.step.eventType)))
        insert.add("from_status_key", .int4s(rows.map { $0.step.from?.key ?? 0 }))
        insert.add("via_status_key", .int4s(rows.map { $0.step.via?.key ?? 0 }))
        insert.add("to_status_key", .int4s(rows.map(\.step.to.key)))
        insert.add("held_from_status_key", .int4s(rows.map { $0.step.heldFrom?.key ?? 0 }))
        insert.add("actor_kind", .texts(rows.map(\.step.actorKind)))
        insert.add("actor", .texts(rows.map(\.step.actor)))
        insert.add("agent_key", .int4s(rows.map(\.step.agent)))
        insert.add("category_key", .int4s(rows.map(\.step.category)))
        insert.add("queue_key", .int4s(rows.map(\.step.queue)))
        insert.add("source_key", .int4s(rows.map(\.step.source)))
        insert.add("channel_key", .int4s(rows.map(\.step.channel)))
        insert.add("media_type_key", .int4s(rows.map(\.mediaType)))
        insert.add("segment_key", .int4s(rows.map(\.segment)))
        insert.add("product_key", .int4s(rows.map(\.product)))
        insert.add("business_value_key", .int4s(rows.map(\.businessValueBand)))
        insert.add("priority_band_key", .int4s(rows.map { Bands<Double>.priority.key(of: $0.step.priority) }))
        insert.add("priority", .float8sOptional(rows.map(\.step.priority)))
        insert.add("age_ms", .int8sOptional(rows.map(\.step.age)))
        insert.add("anchor", .int8sOptional(rows.map(\.step.anchor)))
        insert.add("activation", instants(rows.map(\.step.activation)))
        insert.add("due", instants(rows.map(\.step.due)))
        insert.add("deadline", instants(rows.map(\.step.deadline)))
        insert.add("weight", .int4s(rows.map(\.step.weight)))
        insert.add("workbin", .textsOptional(rows.map(\.step.workbin)))
        insert.add("reason", .textsOptional(rows.map(\.step.reason)))
        insert.add("result_code_key", .int4s(rows.map(\.step.resultCode)))
        insert.add("configuration_version", .int4s(rows.map(\.step.configurationVersion)))
        return insert.statement()
    }

    static func agents(_ rows: [AgentStep]) -> SQLStatement {
        var insert = UnnestInsert(into: "agent_event_fact")
        insert.add("position", .int8s(rows.map(\.position)))
        insert.add("at", .timestamps(milliseconds: rows.map(\.at)))
        insert.add("agent_key", .int4s(rows.map(\.agent)))
        insert.add("revision", .int4s(rows.map(\.revision)))
        insert.add("from_state", .texts(rows.map(\.from)))
        insert.add("to_state", .texts(rows.map(\.to)))
        insert.add("actor_kind", .texts(rows.map(\.actorKind)))
        insert.add("actor", .texts(rows.map(\.actor)))
        insert.add("reason", .textsOptional(rows.map(\.reason)))
        return insert.statement()
    }

    static func emails(_ rows: [EmailStep]) -> SQLStatement {
        var insert = UnnestInsert(into: "email_event_fact")
        insert.add("position", .int8s(rows.map(\.position)))
        insert.add("at", .timestamps(milliseconds: rows.map(\.at)))
        insert.add("email", .uuids(rows.map(\.email)))
        insert.add("revision", .int4s(rows.map(\.revision)))
        insert.add("from_state", .textsOptional(rows.map { $0.from?.rawValue }))
        insert.add("to_state", .texts(rows.map(\.to.rawValue)))
        insert.add("actor_kind", .texts(rows.map(\.actorKind)))
        insert.add("actor", .texts(rows.map(\.actor)))
        insert.add("attempt", .int4sOptional(rows.map(\.attempt)))
        insert.add("reason", .textsOptional(rows.map(\.reason)))
        return insert.statement()
    }

    /// What an erasure takes out of an item's steps.
    struct Erasure: Sendable {
        /// Steps of lower revision: what is told from then on is news.
        var before: Int32
        /// Whether results go with the reasons.
        var results: Bool
    }

    /// Takes what was known of customers out of their items' steps.
    static func erasing(_ items: [UUID: Erasure]) -> SQLStatement {
        let all = items.sorted { $0.key.uuidString < $1.key.uuidString }
        return SQLStatement(
            """
            UPDATE task_event_fact e SET reason = NULL, result_code_key = CASE WHEN u.results THEN 0 ELSE result_code_key END
            FROM unnest($1::uuid[], $2::int[], $3::boolean[]) AS u(item, revision, results)
            WHERE e.item = u.item AND e.revision < u.revision
            """, [.uuids(all.map(\.key)), .int4s(all.map(\.value.before)), .bools(all.map(\.value.results))])
    }

    /// What servers said of an item's messages up to a position names addresses.
    static func erasing(messagesOf items: [UUID: Int64]) -> SQLStatement {
        let all = items.sorted { $0.key.uuidString < $1.key.uuidString }
        return SQLStatement(
            """
            UPDATE email_event_fact e SET reason = NULL
            FROM unnest($1::uuid[], $2::bigint[]) AS u(item, position) JOIN email_fact f ON f.item = u.item
            WHERE e.email = f.email AND e.position <= u.position AND e.reason IS NOT NULL
            """, [.uuids(all.map(\.key)), .int8s(all.map(\.value))])
    }

    /// Customers whom no item names any more go.
    static func forgetting(customers: [Int32]) -> SQLStatement {
        SQLStatement(
            """
            DELETE FROM dim_customer d WHERE d.customer_key = ANY($1::int[]) AND d.customer_key > 0
                AND NOT EXISTS (SELECT FROM task_fact t WHERE t.customer_key = d.customer_key AND t.customer_key > 0)
            """, [.int4s(customers)])
    }
}
