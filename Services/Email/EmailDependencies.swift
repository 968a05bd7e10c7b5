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
    /// How often a folder is compared with what was taken, at most.
    let reconcileEvery: Duration
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
    /// Where a message lies that is written down here.
    let raw: String

    init(in spool: String) throws {
        path = "\(spool)/\(UUID().uuidString)"
        raw = path + "/raw"
        guard mkdir(path, 0o700) == 0 else {
            throw EmailMessageError(.file, "The folder \(path) cannot be made (\(String(cString: strerror(errno)))).")
        }
    }

    deinit {
        // Mostly there is nothing else.
        unlink(raw)
        if rmdir(path) != 0 { try? FileManager.default.removeItem(atPath: path) }
    }
}
