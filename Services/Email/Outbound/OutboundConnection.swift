import EmailAccess

/// What the outbound queue sends by: a mail server's session, or a provider's interface.
protocol OutboundConnection: Sendable {
    /// Bytes of a message that is taken in one piece; of a larger one attachments go apart. nil: of any size.
    nonisolated var greatestWhole: Int? { get }
    /// Makes sure that messages are taken.
    func connect() async throws
    /// Brings over what goes apart from the message, so that sending is one short request. Nothing is sent to anybody
    /// by it, and it may be done again.
    func prepare(_ email: ComposedEmail) async -> Preparation
    /// Takes back what was prepared for a message that is not sent after all, as far as that can be done.
    func discard(_ email: ComposedEmail) async
    /// Sends a message that was prepared.
    func send(_ email: ComposedEmail, _ envelope: SmtpEnvelope) async -> SendResult
    /// Looks for a message among those sent.
    func find(_ sought: SoughtEmail) async throws -> SentSearch
    /// Whether what was sent shows among those sent only after a while, and perhaps under another Message-ID.
    nonisolated var showsLate: Bool { get }
    /// Keeps a message that was sent among those sent.
    func keep(_ body: MailBody, messageId: String) async
    /// Closes what is open.
    func close() async
}

/// What came of preparing a message.
enum Preparation: Sendable {
    /// It can be sent.
    case ready(ComposedEmail)
    /// Nothing was sent to anybody; never uncertain.
    case not(SmtpOutcome)
}

extension OutboundConnection {
    nonisolated var greatestWhole: Int? { nil }
    nonisolated var showsLate: Bool { false }
    func prepare(_ email: ComposedEmail) async -> Preparation { .ready(email) }
    func discard(_ email: ComposedEmail) async {}
}

extension MailSender: OutboundConnection {}
