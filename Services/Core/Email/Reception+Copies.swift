import Domain
import Foundation

/// What counts as the same message.
extension Reception {
    /// The message of which it is a copy, by the mailbox's rule.
    func copied(_ email: ReceivedEmail) -> (email: UUID?, workItem: UUID?)? {
        var before = known.messages[message(email)] ?? []
        if !email.isWhole, let id = email.messageId {
            // A whole one makes one that was not kept whole needless.
            before += (known.messages[EmailDigest.of(id)] ?? []).filter { $0.email != nil && $0.isCopied(by: email) }
        }
        let place = EmailIdentity.place(email.key)
        let same = before.first { entry in
            switch mailbox.inbound?.duplicates ?? .messageId {
            case .messageId: true
            case .perMailbox: entry.mailbox == mailbox.name
            // The folder was rebuilt: its messages are those of before.
            case .off: entry.mailbox == mailbox.name && entry.place != place
            }
        }
        return same.map { ($0.email, $0.workItem) }
    }

    /// Under which digest the message is kept: that of its Message-ID, unless another message has come under the same one.
    /// Devices use one again and again; what they send under it is no copy.
    func message(_ email: ReceivedEmail) -> UUID {
        let digest = EmailDigest.of(email.identity)
        let first = (known.messages[digest] ?? []).filter { $0.email != nil }
        guard email.messageId != nil, !first.isEmpty, !first.contains(where: { $0.isCopied(by: email) }) else {
            return digest
        }
        return EmailIdentity.message(email)
    }
}
