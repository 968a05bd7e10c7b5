/// Why a message asks for no automatic answer (RFC 3834 and long practice).
public enum AutomaticReason: String, Sendable, Hashable, CaseIterable {
    /// Our own mark header: Millrace sent it.
    case ownMark = "own-mark"
    /// The envelope's return path is empty: a bounce or the like.
    case nullReturnPath = "null-return-path"
    /// Auto-Submitted says something else than `no`, or a known equivalent of it is there.
    case autoSubmitted = "auto-submitted"
    /// Exchange's header asks for no automatic answers: people's messages carry it too.
    case responsesSuppressed = "responses-suppressed"
    /// Precedence is bulk, junk or list.
    case precedence
    /// It came over a mailing list.
    case list
}

/// What a spam filter wrote into the headers.
public struct SpamVerdict: Sendable, Hashable {
    /// Whether the filter called it spam; nil when it gave only a score.
    public var isSpam: Bool?
    /// The filter's score, on the filter's own scale.
    public var score: Double?
    /// The header that this is from, in lower case.
    public var source: String

    /// A verdict.
    public init(isSpam: Bool?, score: Double?, source: String) {
        self.isSpam = isSpam
        self.score = score
        self.source = source
    }
}

/// The results of sender authentication as the receiving server wrote them (RFC 8601), in lower case, such as `pass`,
/// `fail`, `softfail`, `none`.
public struct AuthenticationVerdict: Sendable, Hashable {
    /// The Sender Policy Framework's result.
    public var spf: String?
    /// The best result of the message's DKIM signatures.
    public var dkim: String?
    /// The DMARC policy's result.
    public var dmarc: String?
    /// The server that judged (authserv-id).
    public var server: String?

    /// No result at all.
    public init() {}

    var isEmpty: Bool { spf == nil && dkim == nil && dmarc == nil }
}

/// A delivery status notification (RFC 3464).
public struct DeliveryStatus: Sendable, Hashable {
    /// What became of the message for one recipient.
    public struct Recipient: Sendable, Hashable {
        /// The final recipient, or the original one where that is all the report says.
        public var address: String
        /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
        public var action: String
        /// The status code (RFC 3463), such as `5.1.1`.
        public var status: String?
        /// What the server said.
        public var diagnostic: String?
    }

    /// The Message-ID of the message that the report is about, without angle brackets.
    public var originalMessageId: String?
    /// The ENVID that the sender gave.
    public var originalEnvelopeId: String?
    /// Each recipient that the report names.
    public var recipients: [Recipient] = []
}
