import Domain
import EmailMessages

/// Which attachments a mailbox takes: by patterns of names such as `*.exe`, or of media types such as `image/*`.
package struct AttachmentRules: Sendable {
    private let blocked: [String]
    private let allowed: [String]

    /// Those of a mailbox.
    package init(_ inbound: MailboxInbound) {
        blocked = inbound.blockedAttachments.map { $0.lowercased() }
        allowed = inbound.allowedAttachments.map { $0.lowercased() }
    }

    /// Whether the attachment is taken. Pictures within the text are judged like all others.
    package func takes(name: String, type: String) -> Bool {
        let subjects = [name.lowercased(), type.lowercased()]
        func matches(_ patterns: [String]) -> Bool {
            patterns.contains { pattern in subjects.contains { Self.matches($0, pattern) } }
        }
        return !matches(blocked) && (allowed.isEmpty || matches(allowed))
    }

    /// Whether the whole of `text` fits a pattern in which `*` stands for any characters and `?` for one.
    package static func matches(_ text: String, _ pattern: String) -> Bool {
        let (text, pattern) = (Array(text), Array(pattern))
        var (position, place) = (0, 0)
        var star: (place: Int, position: Int)?
        while position < text.count {
            if place < pattern.count, pattern[place] == "*" {
                star = (place, position)
                place += 1
            } else if place < pattern.count, pattern[place] == "?" || pattern[place] == text[position] {
                position += 1
                place += 1
            } else if let last = star {
                star = (last.place, last.position + 1)
                position = last.position + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == "*" }
    }
}
