import Domain
import Foundation

/// A message as the API shows it.
struct EmailView {
    let email: Email
    let snapshot: TenantSnapshot

    /// - Parameter whole: with its texts; lists go without.
    func write(to writer: inout JSONWriter, whole: Bool = true) {
        writer.object { write(members: &$0, whole: whole) }
    }

    func write(members json: inout JSONWriter, whole: Bool = true) {
        json.member("id", email.id.dashedText)
        json.member("revision", email.revision)
        json.member("direction", email.direction.rawValue)
        json.member("state", email.state.rawValue)
        json.member("mailbox", email.mailbox)
        json.member("workItemId", email.workItem?.dashedText)
        json.member("agent", email.agent.flatMap { snapshot.names.name(of: .agent, $0) })
        json.member("createdAt", email.createdAt)
        json.member("updatedAt", email.updatedAt)
        json.member("dueAt", email.dueAt)
        if email.direction == .outgoing { json.member("attempt", email.attempt) }
        json.member("reason", email.reason)
        json.member("messageId", email.messageId)
        for (name, value) in email.content.members
        where !Self.hidden.contains(name) && (whole || !Self.long.contains(name)) {
            json.member(name, value)
        }
    }

    private static let hidden: Set<String> = ["messageId", "place"]
    private static let long: Set<String> = ["text", "html", "references", "results"]

    var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 2000)
        write(to: &writer)
        return writer.bytes
    }
}

/// A message as the mailbox's holder gets it, to send it.
struct OutboundView {
    let email: Email

    func write(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", email.id.dashedText)
            json.member("attempt", email.attempt)
            json.member("workItemId", email.workItem?.dashedText)
            json.member("messageId", email.messageId)
            for name in ["from", "envelopeFrom", "subject", "text", "html", "inReplyTo", "autoSubmitted", "replyTo"] {
                json.member(name, email.content[name])
            }
            for name in ["to", "cc", "bcc", "references", "attachments"] {
                json.member(name, email.content[name] ?? .array([]))
            }
            if email.state == .sending, email.dueAt == nil { json.member("begunAt", email.updatedAt) }
            // Headers by which our own messages are known when they come back.
            json.object("marks") { $0.member("X-Millrace-Id", email.id.dashedText) }
        }
    }
}
