import Domain
import Foundation
import Storage

/// The Message-ID that a provider gave a message in place of ours: answers and notifications refer to it.
enum SentMessageId {
    static let field = "sentMessageId"

    /// What a mail server may have made, without brackets; nil for anything else.
    static func read(_ text: String) -> String? {
        let id = text.filter { $0 != "<" && $0 != ">" }
        let isFit = (1...998).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        return isFit ? id : nil
    }

    /// The message with that name, unless it is the one that it has.
    static func noting(_ name: String?, on email: Email) -> Email {
        guard let name, name != email.messageId else { return email }
        var named = email
        named.content[field] = .string(name)
        return named
    }

    /// What has a message be found by its new name as well; nothing when it has none.
    static func statements(_ before: Email, _ after: Email, tenant: Int32) -> [SQLStatement] {
        guard let name = after.content[field]?.stringValue, before.content[field] != after.content[field] else {
            return []
        }
        let digest = EmailDigest.of(name)
        let message = SQLStatement(
            "UPDATE email SET sent_message = $3 WHERE tenant = $1 AND id = $2",
            [.int4(tenant), .uuid(after.id), .uuid(digest)])
        return [message] + (after.workItem.map { [Reception.threads([(digest, $0)], tenant: tenant)] } ?? [])
    }
}
