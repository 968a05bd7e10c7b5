import Domain
import EmailAccess
import Logging

/// Sends over a mailbox's SMTP server, and keeps what was sent in its sent folder where that can be done.
///
/// The sessions are kept while messages follow each other, and closed when none does.
actor MailSender {
    private let mailbox: MailboxAssignment
    private let dependencies: EmailDependencies
    private let logger: Logger
    private var session: SmtpSession?
    private var sent: (session: ImapSession, folder: String)?

    init(mailbox: MailboxAssignment, dependencies: EmailDependencies, logger: Logger) {
        self.mailbox = mailbox
        self.dependencies = dependencies
        self.logger = logger
    }

    /// Connects unless there is a connection.
    /// - Throws: ``EmailAccessError``, ``MailboxProblem``.
    func connect() async throws {
        if let session, await session.isUsable { return }
        await session?.close()
        session = nil
        guard let outbound = mailbox.settings.outbound, let server = outbound.server else {
            throw MailboxProblem("The mailbox has no server to send by.")
        }
        var credentials: EmailAccess.MailCredentials?
        if let named = outbound.credentials { credentials = try await dependencies.credentials(named, of: mailbox) }
        let name = outbound.from.address.split(separator: "@").last.map(String.init) ?? "localhost"
        session = try await SmtpSession.open(dependencies.server(server), credentials, clientName: name)
    }

    /// Sends a message; ``connect()`` came before.
    func send(_ email: ComposedEmail, _ envelope: SmtpEnvelope) async -> SendResult {
        guard let session else {
            return SendResult(
                .lostBefore(EmailAccessError(.closed, "The connection to the mail server is closed.")))
        }
        return SendResult(await session.send(email.body, envelope))
    }

    func find(_ sought: SoughtEmail) async throws -> SentSearch {
        switch try await wasSent(sought.messageId) {
        case nil: .untold
        case false?: .missing
        case true?: .found(messageId: sought.messageId)
        }
    }

    /// Whether the message lies in the sent folder.
    /// - Returns: nil when that cannot be told: there is no such folder.
    private func wasSent(_ messageId: String) async throws -> Bool? {
        guard let sent = try await sentFolder() else { return nil }
        _ = try await sent.session.select(sent.folder, readOnly: true)
        return try await !sent.session.uids(messageId: "<\(messageId)>").isEmpty
    }

    /// Puts a message that was sent into the sent folder, unless the server has done that by itself. What goes wrong
    /// here changes nothing: the message was sent.
    func keep(_ body: MailBody, messageId: String) async {
        do {
            if try await wasSent(messageId) == false, let sent {
                try await sent.session.append(body, to: sent.folder, flags: ["\\Seen"])
            }
        } catch {
            logger.info(
                "a message that was sent could not be put into the sent folder", metadata: ["error": "\(error)"])
            await forgetFolder()
        }
    }

    /// Closes what is open.
    func close() async {
        await session?.close()
        session = nil
        await forgetFolder()
    }

    private func forgetFolder() async {
        await sent?.session.close()
        sent = nil
    }

    private func sentFolder() async throws -> (session: ImapSession, folder: String)? {
        if let sent {
            do {
                _ = try await sent.session.poll()
                return sent
            } catch {
                await forgetFolder()
            }
        }
        guard let inbound = mailbox.settings.inbound, let server = inbound.server, let credentials = inbound.credentials
        else { return nil }
        var patience = MailPatience()
        patience.window = .seconds(20)
        let session = try await ImapSession.open(
            dependencies.server(server), try await dependencies.credentials(credentials, of: mailbox),
            patience: patience,
            spool: dependencies.spool)
        do {
            guard let folder = try await session.sentFolder() else {
                await session.close()
                return nil
            }
            sent = (session, folder)
            return sent
        } catch {
            await session.close()
            throw error
        }
    }
}
