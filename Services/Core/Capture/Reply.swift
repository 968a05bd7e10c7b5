import Domain
import Foundation
import Messaging
import Storage

/// The answer to a command that came over Kafka: a CloudEvent on the replies topic, keyed as the command was.
struct Reply: Sendable {
    var tenant: String?
    var source: String?
    var eventId: String?
    var captureId: String?
    var action: String?
    /// As REST would answer.
    var status: Int
    /// JSON: the item, or a problem.
    var body: String
    /// Tells the answer to an operator's retry from the one that the command had before.
    var retry: UUID?

    func message(topic: String, answering message: IncomingMessage) -> OutgoingMessage {
        var writer = JSONWriter(capacity: body.utf8.count + 512)
        writer.object { event in
            event.member("specversion", "1.0")
            // Repeats of the command get an answer with the same id.
            let command = eventId ?? "\(message.topic)-\(message.partition)-\(message.offset)"
            let again = retry.map { ":\($0.hexText)" } ?? ""
            event.member("id", "\(source ?? ""):\(command):reply\(again)")
            event.member("source", "millrace/core")
            event.member("type", status < 300 ? "millrace.reply.accepted" : "millrace.reply.refused")
            event.member("subject", captureId)
            event.member("time", Instant.now)
            event.member("datacontenttype", "application/json")
            event.member("tenant", tenant)
            event.object("data") { data in
                data.member("source", source)
                data.member("commandId", eventId)
                data.member("captureId", captureId)
                data.member("action", action)
                data.member("status", status)
                data.object("offset") {
                    $0.member("topic", message.topic)
                    $0.member("partition", message.partition)
                    $0.member("offset", message.offset)
                }
                data.member(status < 300 ? "workItem" : "problem", json: body.utf8)
            }
        }
        var headers = Topics.jsonHeaders
        if let trace = message.header("traceparent") { headers.append((name: "traceparent", value: trace)) }
        return OutgoingMessage(topic: topic, key: message.key, value: writer.bytes, headers: headers)
    }
}

extension Reply {
    /// The answer to a command that could be read.
    init(to envelope: CloudEventEnvelope, _ answer: StoredAnswer) {
        self.init(
            tenant: envelope.tenant, source: envelope.source, eventId: envelope.id, captureId: envelope.captureId,
            action: envelope.action.rawValue, status: answer.status, body: answer.body)
    }

    /// The answer to what is laid aside.
    init(to malformed: CommandMessage.Malformed) {
        let refusal = Refusal(.invalid, malformed.reason, problems: malformed.problems)
        self.init(
            tenant: malformed.tenant, source: malformed.source, eventId: malformed.eventId,
            captureId: malformed.captureId, action: nil, status: 400, body: WorkItemAnswer.stored(refusal).body)
    }
}
