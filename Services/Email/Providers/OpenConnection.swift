import Domain
import Logging
import ServiceKit

extension EmailDependencies {
    /// The mailbox at its provider.
    /// - Throws: ``MailboxProblem`` when settings are missing.
    func connection(
        to interface: MailInterface, of mailbox: MailboxAssignment, folder: String
    ) throws(MailboxProblem) -> any MailboxConnection {
        let kind = mailbox.settings.kind
        // what is wrong with the secret is said at once
        _ = try mailbox.secret(interface.secret, secrets)
        let api = ProviderAPI(
            base: interface.baseURL ?? (kind == .gmail ? GmailMailbox.usualBase : GraphMailbox.usualBase), http: http
        ) { refused in try await token(for: interface, of: mailbox, refused: refused) }
        return kind == .gmail
            ? GmailMailbox(api: api, user: interface.user, folder: folder)
            : GraphMailbox(api: api, user: interface.user, folder: folder)
    }

    /// What the mailbox sends by.
    func sender(of mailbox: MailboxAssignment, logger: Logger) -> any OutboundConnection {
        switch mailbox.settings.kind {
        case .generic: MailSender(mailbox: mailbox, dependencies: self, logger: logger)
        case .gmail, .graph: ProviderSender(mailbox: mailbox, dependencies: self)
        }
    }

    /// Renews an access token for a provider's interface when its end is near.
    /// - Returns: how long the present one does before that.
    func renewAhead(for interface: MailInterface, of mailbox: MailboxAssignment) async throws -> Duration {
        let secret = try mailbox.secret(interface.secret, secrets)
        return try await tokens.renewAhead(
            of: mailbox, secret: interface.secret, ProviderOAuth.completed(secret, for: mailbox.settings.kind))
    }

    /// Renews an access token for a mail server when its end is near.
    /// - Returns: how long the present one does before that.
    func renewAhead(
        for credentials: Domain.MailCredentials, of mailbox: MailboxAssignment
    ) async throws -> Duration {
        let secret = try mailbox.secret(credentials.secret, secrets)
        return try await tokens.renewAhead(of: mailbox, secret: credentials.secret, secret)
    }

    /// An access token for a provider's interface.
    func token(
        for interface: MailInterface, of mailbox: MailboxAssignment, refused: String? = nil
    ) async throws -> String {
        let secret = try mailbox.secret(interface.secret, secrets)
        return try await tokens.token(
            of: mailbox, secret: interface.secret, ProviderOAuth.completed(secret, for: mailbox.settings.kind),
            refused: refused)
    }
}
