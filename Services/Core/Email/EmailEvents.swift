import Domain
import Foundation
import Storage

/// A step of a message, written in the transaction of the change. It tells no address and no text: what the step is about
/// is looked up by id, so that erasure finds it in one place.
enum EmailEvents {
    /// - Parameter from: nil for a new message.
    static func event(of email: Email, from: EmailState?, actor: Actor, in snapshot: TenantSnapshot) -> StoredEvent {
        var writer = JSONWriter(capacity: 320)
        writer.object { data in
            data.member("emailId", email.id.dashedText)
            data.member("workItemId", email.workItem?.dashedText)
            data.member("revision", email.revision)
            data.member("direction", email.direction.rawValue)
            data.member("mailbox", email.mailbox)
            data.member("from", from?.rawValue)
            data.member("to", email.state.rawValue)
            data.object("actor") {
                $0.member("kind", actor.kind.rawValue)
                $0.member("id", actor.id)
            }
            if email.direction == .outgoing {
                data.member("attempt", email.attempt)
                data.member("automatic", email.content["autoSubmitted"] != nil)
                data.member("dueAt", email.dueAt)
            }
            data.member("reason", email.reason)
        }
        return StoredEvent(
            subject: email.id, revision: email.revision, kind: "email.\(email.state.rawValue)", source: nil,
            body: writer.text, explanation: nil, trace: actor.trace)
    }
}

extension Actor {
    /// The email service, on behalf of a mailbox.
    static func mailbox(_ name: String, trace: String? = nil) -> Actor {
        Actor(.system, "mailbox:\(name)", trace: trace)
    }
}
