/// A message as the email service hands it over: parsed, its contents stored by digest.
///
/// What real mail holds too much of is cut here, never refused: one bad message must not stop a mailbox.
public struct ReceivedEmail: Sendable {
    /// Where the message lies, which tells whether it was taken before.
    public enum Key: Sendable, Hashable {
        /// IMAP: folder, UIDVALIDITY and UID, and how often UIDs began anew while UIDVALIDITY stayed.
        case place(folder: String, uidValidity: Int64, uid: Int64, epoch: Int64 = 0)
        /// A provider's own id.
        case id(String)

        /// As it was sent.
        public var document: JSONValue {
            switch self {
            case .place(let folder, let validity, let uid, let epoch):
                epoch == 0
                    ? ["folder": .string(folder), "uidValidity": .integer(validity), "uid": .integer(uid)]
                    : [
                        "folder": .string(folder), "uidValidity": .integer(validity), "uid": .integer(uid),
                        "epoch": .integer(epoch),
                    ]
            case .id(let id): ["id": .string(id)]
            }
        }
    }

    /// A delivery status notification (RFC 3464).
    public struct DeliveryStatus: Sendable {
        /// The Message-ID of what it reports, without angle brackets.
        public var originalMessageId: String?
        /// Whether it says of some recipient that the message failed.
        public var failed: Bool
        /// Whether it says of some recipient that the message arrived.
        public var delivered: Bool
        /// What it says, in one line.
        public var summary: String
    }

    /// Where it lies.
    public var key: Key
    /// SHA-256 of the message as it came.
    public var raw: [UInt8]
    /// Bytes of the message as it came.
    public var size: Int64
    /// When the mailbox got it.
    public var receivedAt: Instant
    /// Message-ID without angle brackets.
    public var messageId: String?
    /// Message-IDs that it answers and refers to, the nearest first, each once.
    public var references: [String]
    /// Whom it is from.
    public var from: EmailAddress?
    /// Where answers go, when not to `from`.
    public var replyTo: [EmailAddress]
    /// Whom it was sent to.
    public var to: [EmailAddress]
    /// Who got a copy.
    public var cc: [EmailAddress]
    /// Its subject, decoded.
    public var subject: String?
    /// Its plain text, at most `EmailLimits.textBytes`.
    public var text: String
    /// SHA-256 of the HTML, fit for display.
    public var html: [UInt8]?
    /// Its attachments and inline pictures.
    public var attachments: [EmailAttachment]
    /// Why it is not from a person: the header that says so.
    public var automatic: String?
    /// Results that mail servers left in headers, by name: `spam`, `spf`, `dkim`, `dmarc`.
    public var results: [String: JSONValue]
    /// What may be a reply token, found in addresses and in the body; at most sixteen.
    public var tokens: [String]
    /// Values of the mark that messages of Millrace carry, of whichever installation; at most sixteen.
    public var marks: [String]
    /// What it reports, when it is a delivery status notification.
    public var deliveryStatus: DeliveryStatus?
    /// Why it could not be read.
    public var failed: String?
    /// Whether all of it was kept; of one that is too large only its head is, of one that the server does not give out
    /// nothing.
    public var isWhole: Bool
    /// The mailbox that got it, by name, when that is known.
    public var mailbox = ""
    /// What is kept of the message and shown, as it was sent.
    public var content: JSONObject

    /// What identifies the message wherever it lies: its Message-ID, or lacking that its digest. One that was not kept whole
    /// is never taken for the whole one, and without a Message-ID it is known only by where it lies.
    public var identity: String {
        isWhole
            ? messageId ?? EmailAttachment.hexadecimal(raw)
            : Self.identity(ofIncomplete: messageId, in: mailbox, at: key.document)
    }

    /// What identifies a message that was not kept whole.
    /// - Parameters:
    ///   - mailbox: the mailbox that got it.
    ///   - key: where it lies.
    public static func identity(ofIncomplete messageId: String?, in mailbox: String, at key: JSONValue) -> String {
        messageId.map { "incomplete\n\($0)" } ?? "incomplete\n\(mailbox)\n\(key.text)"
    }

    /// The same with the name of the mailbox that got it.
    public func got(by mailbox: String) -> ReceivedEmail {
        var email = self
        email.mailbox = mailbox
        return email
    }

    /// What others refer to it by.
    public var reference: String { messageId ?? identity }

    /// What tells that it was taken before: a whole one makes one that was not kept whole needless.
    public var identities: [String] { isWhole ? [identity] : [identity] + [messageId].compactMap { $0 } }

    /// The contents that it refers to.
    public var contents: [[UInt8]] { [raw] + [html].compactMap { $0 } + attachments.map(\.sha256) }
}

/// A part of a message that is stored by itself.
public struct EmailAttachment: Sendable, Hashable {
    /// The file's name, decoded.
    public var name: String
    /// Its media type.
    public var type: String
    /// Its bytes.
    public var size: Int64
    /// SHA-256 of its bytes.
    public var sha256: [UInt8]
    /// For inline pictures: `cid:` of the HTML.
    public var contentId: String?

    /// An attachment.
    public init(name: String, type: String, size: Int64, sha256: [UInt8], contentId: String? = nil) {
        self.name = name
        self.type = type
        self.size = size
        self.sha256 = sha256
        self.contentId = contentId
    }

    /// As it is stored and handed out.
    public var document: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "type": .string(type), "size": .integer(size),
            "sha256": .string(Self.hexadecimal(sha256)),
        ]
        object["contentId"] = contentId.map(JSONValue.string)
        return .object(object)
    }

    /// Reads what is stored; nil for anything else.
    public init?(_ document: JSONValue) {
        guard let sha256 = document["sha256"]?.stringValue.flatMap(Self.digest) else { return nil }
        self.init(
            name: document["name"]?.stringValue ?? "",
            type: document["type"]?.stringValue ?? "application/octet-stream",
            size: document["size"]?.integerValue ?? 0, sha256: sha256, contentId: document["contentId"]?.stringValue)
    }

    /// The 32 bytes of a SHA-256 in hexadecimal digits; nil for anything else.
    public static func digest(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for index in stride(from: 0, to: 64, by: 2) {
            guard let high = nibble(digits[index]), let low = nibble(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// Lower-case hexadecimal digits.
    public static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x57
        case 0x41...0x46: byte - 0x37
        default: nil
        }
    }
}

extension String {
    /// The text cut to so many bytes of UTF-8, between characters.
    public func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
