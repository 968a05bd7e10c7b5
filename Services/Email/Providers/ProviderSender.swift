import Domain
import EmailAccess
import Logging

/// Sends over a provider's interface, which keeps what was sent by itself.
///
/// The envelope is in the message: providers send to the recipients in To, Cc and Bcc, so hidden recipients are written
/// into the message that is handed to the provider, which takes them out.
actor ProviderSender: OutboundConnection {
    private let mailbox: MailboxAssignment
    private let dependencies: EmailDependencies
    private var opened: (any MailboxConnection)?

    nonisolated var showsLate: Bool { true }
    nonisolated var greatestWhole: Int? { mailbox.settings.kind == .graph ? GraphMailbox.greatestWhole : nil }

    init(mailbox: MailboxAssignment, dependencies: EmailDependencies) {
        self.mailbox = mailbox
        self.dependencies = dependencies
    }

    private func connection() throws(MailboxProblem) -> any MailboxConnection {
        if let opened { return opened }
        guard let interface = mailbox.settings.outbound?.api ?? mailbox.settings.inbound?.api else {
            throw MailboxProblem("The mailbox has no interface to send by.")
        }
        let connection = try dependencies.connection(
            to: interface, of: mailbox, folder: mailbox.settings.inbound?.folder ?? "INBOX")
        opened = connection
        return connection
    }

    func connect() async throws { try await connection().check() }

    func prepare(_ email: ComposedEmail) async -> Preparation {
        do throws(MailboxProblem) {
            let connection = try connection()
            return await connection.prepare(email)
        } catch {
            return .not(.lostBefore(EmailAccessError(.invalidConfiguration, error.description)))
        }
    }

    func discard(_ email: ComposedEmail) async { await opened?.discard(email) }

    func send(_ email: ComposedEmail, _ envelope: SmtpEnvelope) async -> SendResult {
        do throws(MailboxProblem) {
            let connection = try connection()
            return await connection.send(email)
        } catch {
            return SendResult(.lostBefore(EmailAccessError(.invalidConfiguration, error.description)))
        }
    }

    func find(_ sought: SoughtEmail) async throws -> SentSearch { try await connection().find(sought) }

    func keep(_ body: MailBody, messageId: String) async {}

    func close() async { opened = nil }
}
