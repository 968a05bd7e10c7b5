import Domain

/// What a message says, read from its bytes.
///
/// Every text is valid Unicode without U+0000, so that PostgreSQL and JSON take it. Message ids are without angle
/// brackets. Contents lie in files of the folder that the reader was given; this value only names them.
public struct EmailMessage: Sendable, Hashable {
    /// The first usable Message-ID; nil when the message has none.
    public var messageId: String?
    /// The ids in In-Reply-To, in their order.
    public var inReplyTo: [String] = []
    /// The ids in References, oldest first.
    public var references: [String] = []
    /// What Date says; nil when it is missing or cannot be read.
    public var date: Instant?
    /// The first author; nil when there is no From. An address that cannot be one is the text that stood there.
    public var from: EmailAddress?
    /// Who sent on behalf of the author.
    public var sender: EmailAddress?
    /// Where replies are to go, when not to the author.
    public var replyTo: [EmailAddress] = []
    /// The recipients of To.
    public var to: [EmailAddress] = []
    /// The recipients of Cc.
    public var cc: [EmailAddress] = []
    /// The decoded subject.
    public var subject: String?
    /// Text to read and to search: the plain part, else the HTML as text.
    public var text = ""
    /// Whether `text` (or the HTML) is only the beginning.
    public var textIsTruncated = false
    /// The sanitised HTML: no script, no form, nothing that is loaded from elsewhere; `cid:` images are kept.
    public var html: MessageFile?
    /// How many pictures and the like the sanitiser took out because they would be loaded from elsewhere.
    public var blockedRemoteContents = 0
    /// Everything that is not the text, in the message's order.
    public var attachments: [MessageAttachment] = []
    /// Signed or encrypted, as far as the structure tells; nothing is verified.
    public var protection: Set<EmailProtection> = []
    /// Why no automatic answer may be sent; nil for a message that a person wrote to us.
    public var automatic: AutomaticReason?
    /// The values of our own mark header: the message was sent by Millrace.
    public var marks: [String] = []
    /// What a spam filter on the way wrote down.
    public var spam: SpamVerdict?
    /// SPF, DKIM and DMARC, as the receiving server wrote them down.
    public var authentication: AuthenticationVerdict?
    /// Present in a delivery status notification (RFC 3464).
    public var deliveryStatus: DeliveryStatus?
    /// Candidates for a reply token: `local+TOKEN@domain` in the recipients first, then `[ref:TOKEN]` in subject and
    /// text. Whoever made the token checks it.
    public var replyTokens: [String] = []
    /// Content-Language, first tag, lower case.
    public var language: String?
    /// What was odd or wrong, each kind once, in the order found.
    public var problems: [EmailProblem] = []

    /// A message that says nothing.
    public init() {}

    mutating func note(_ problem: EmailProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }
}

/// Something unusual about a message that its reader worked around.
public enum EmailProblem: String, Sendable, Hashable, CaseIterable {
    /// No header at all; the whole file is taken as text.
    case noHeaders
    /// The headers, or one of them, were longer than the limit and were cut.
    case headersShortened
    /// A line among the headers was none.
    case strayHeaderLine
    /// NUL bytes were found in the headers and became spaces.
    case nulInHeaders
    /// No usable Message-ID.
    case missingMessageId
    /// More than one Message-ID; the first one counts.
    case duplicateMessageId
    /// No Date, or one that cannot be read.
    case missingDate
    /// More than one Date; the first one counts.
    case duplicateDate
    /// More than one From or Subject; the first one counts.
    case duplicateHeader
    /// No From.
    case missingFrom
    /// An address cannot be one; it is kept as text.
    case brokenAddress
    /// A multipart without usable parts; its text is taken as it is.
    case brokenMultipart
    /// Parts nested deeper than the limit are kept as one attachment.
    case nestedTooDeeply
    /// More parts than the limit; the rest is not shown.
    case tooManyParts
    /// A charset that nobody knows; the text was read as UTF-8 or windows-1252.
    case unknownCharset
    /// Text not valid in its charset; replacement characters stand for what could not be read.
    case brokenCharset
    /// The HTML was longer or nested deeper than the limit and was cut.
    case htmlShortened
    /// The content is encrypted; it is kept as an attachment.
    case encrypted
    /// The text is inside a winmail.dat (TNEF) attachment, possibly.
    case tnef
}

/// How a message or a part of it is protected.
public enum EmailProtection: String, Sendable, Hashable, CaseIterable {
    /// Signed with OpenPGP.
    case signedOpenPGP
    /// Signed with S/MIME.
    case signedSMIME
    /// Encrypted with OpenPGP.
    case encryptedOpenPGP
    /// Encrypted with S/MIME.
    case encryptedSMIME
}
