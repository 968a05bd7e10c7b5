import AsyncHTTPClient
import Coordination
import Domain
import EmailAccess
import EmailMessages
import Foundation
import Logging
import ServiceKit

/// What every part of the email service works with.
struct EmailDependencies: Sendable {
    let redis: RedisClient
    let subscriber: RedisSubscriber
    let addressGuard: AddressGuard
    /// For addresses of a configuration.
    let http: OutboundHTTP
    let threads: MessageThreads
    let secrets: SecretBox?
    let tokens: OAuthTokens
    /// A folder of this instance's own.
    let spool: String
    /// PEM file of certificates to trust; nil: the system's.
    let certificates: String?
    let instance: String
    let redisPrefix: String
    let leaseTime: Duration
    /// How many mailboxes take messages in at the same time: it bounds memory.
    let taking: Slots
    let logger: Logger

    /// A server as `EmailAccess` takes it: every address passes the guard.
    func server(_ server: MailServerConfiguration) -> MailServer {
        MailServer(
            host: server.host, port: server.port,
            security: MailServer.Security(rawValue: server.security.rawValue) ?? .tls,
            certificates: certificates
        ) { [addressGuard] host, port in try await addressGuard.address(host: host, port: port).description }
    }

    /// Who signs in: opens the secret.
    func credentials(
        _ credentials: Domain.MailCredentials, of mailbox: MailboxAssignment
    ) async throws -> EmailAccess.MailCredentials {
        let secret = try mailbox.secret(credentials.secret, secrets)
        switch credentials.method {
        case .password:
            guard let password = secret["password"]?.stringValue else {
                throw MailboxProblem("The secret \(credentials.secret) holds no password.")
            }
            return .password(user: credentials.user, password)
        case .xoauth2:
            let token = try await tokens.token(of: mailbox, secret: credentials.secret, secret)
            return .xoauth2(user: credentials.user, token: token)
        }
    }

    /// A new folder for one message.
    func workFolder() throws -> WorkFolder { try WorkFolder(in: spool) }
}

/// A folder that goes with whoever holds this.
final class WorkFolder: Sendable {
    let path: String

    init(in spool: String) throws {
        path = "\(spool)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
