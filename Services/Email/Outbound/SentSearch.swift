import Domain
import EmailAccess

/// A message of ours as it is looked for among those sent.
struct SoughtEmail: Sendable {
    /// The Message-ID that was fixed before the first try, without brackets.
    let messageId: String
    /// What its header `X-Millrace-Mark` says.
    let mark: String
    /// It was not sent before.
    let since: Instant
    /// The provider's own id of it, where it told one.
    var id: String?
    /// Whether nobody knows that it went out, and by whose clock it began; else it began a moment ago, by ours.
    var isUncertain = true

    /// From when on it is looked for: clocks differ.
    var earliest: Instant {
        Instant(milliseconds: since.milliseconds - (isUncertain ? SentSearch.margin : SentSearch.shortMargin))
    }
}

/// What came of looking for a message among those sent.
enum SentSearch: Sendable, Equatable {
    /// That cannot be told: there is no folder of them.
    case untold
    case missing
    /// It is there, under this Message-ID, without brackets.
    case found(messageId: String)
}

/// What came of an attempt to send.
struct SendResult: Sendable {
    let outcome: SmtpOutcome
    /// The provider's own id of the message, where it told one.
    var id: String?

    init(_ outcome: SmtpOutcome, id: String? = nil) { (self.outcome, self.id) = (outcome, id) }
}

/// The headers by which a message of ours is known among those sent.
struct SentHead: Sendable {
    static let markHeader = "X-Millrace-Mark"
    static let idHeader = "Message-ID"

    private(set) var messageId: String?
    private(set) var mark: String?

    /// - Parameters:
    ///   - headers: `[{"name", "value"}]`, as Gmail and Graph give them.
    ///   - messageId: where it stands apart from them.
    init(_ headers: JSONValue?, messageId: String? = nil) {
        for header in headers?.arrayValue ?? [] {
            guard let name = header["name"]?.stringValue?.lowercased(), let value = header["value"]?.stringValue else {
                continue
            }
            if name == Self.idHeader.lowercased() { self.messageId = Self.bare(value) }
            if name == Self.markHeader.lowercased() { mark = value.filter { !$0.isWhitespace } }
        }
        if let messageId = Self.bare(messageId) { self.messageId = messageId }
    }

    /// Whether it is that message.
    func isOf(_ sought: SoughtEmail) -> Bool { mark?.lowercased() == sought.mark.lowercased() }

    /// A Message-ID without brackets and spaces; nil for none.
    static func bare(_ id: String?) -> String? {
        let bare = id?.filter { $0 != "<" && $0 != ">" && !$0.isWhitespace } ?? ""
        return bare.isEmpty ? nil : bare
    }
}

extension SentSearch {
    /// So many messages are looked at before a search by mark is given up.
    static let greatest = 200

    /// Clocks of providers and ours differ by less.
    static let margin: Int64 = 300_000
    static let shortMargin: Int64 = 60_000

    /// Looks at the heads of messages, the newest first, until one bears the mark.
    static func byMark(
        of sought: SoughtEmail, among ids: some Sequence<String>, head: (String) async throws -> SentHead?
    ) async throws -> SentSearch {
        for id in ids {
            guard let head = try await head(id), head.isOf(sought) else { continue }
            return .found(messageId: head.messageId ?? sought.messageId)
        }
        return .missing
    }
}
