import EmailAccess
import Foundation
import Testing

/// Dovecot and Exim of the test stack.
struct MailStack {
    let password: String
    let certificates: String
    let imap: Int
    let imaps: Int
    let smtp: Int
    let smtps: Int

    static let current: MailStack? = {
        let environment = ProcessInfo.processInfo.environment
        func port(_ name: String) -> Int? { environment["MILLRACE_TEST_\(name)_PORT"].flatMap { Int($0) } }
        guard let password = environment["MILLRACE_TEST_MAIL_PASSWORD"], let ca = environment["MILLRACE_TEST_MAIL_CA"],
            let imap = port("IMAP"), let imaps = port("IMAPS"), let smtp = port("SMTP"), let smtps = port("SMTPS")
        else { return nil }
        return MailStack(password: password, certificates: ca, imap: imap, imaps: imaps, smtp: smtp, smtps: smtps)
    }()

    func server(
        _ port: Int, _ security: MailServer.Security, host: String = "localhost", trusted: Bool = true
    ) -> MailServer {
        MailServer(host: host, port: port, security: security, certificates: trusted ? certificates : nil) { _, _ in
            "127.0.0.1"
        }
    }

    func credentials(_ account: String) -> MailCredentials { .password(user: "\(account)@example.test", password) }

    /// A session in a new folder of an account's own, which is removed afterwards.
    func withFolder<Value: Sendable>(
        _ account: String = "sales", security: MailServer.Security = .tls,
        _ body: @Sendable (ImapSession, String) async throws -> Value
    ) async throws -> Value {
        let session = try await ImapSession.open(
            server(security == .tls ? imaps : imap, security), credentials(account), spool: NSTemporaryDirectory())
        let folder = "T\(UUID().uuidString.prefix(8))"
        do {
            try await session.createFolder(folder)
            let value = try await body(session, folder)
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }
}

func message(_ number: Int, size: Int = 200, id: String = UUID().uuidString) -> MailBody {
    let head = "From: a@example.test\r\nTo: b@example.test\r\nSubject: \(number)\r\nMessage-ID: <\(id)@test>\r\n\r\n"
    let line = String(repeating: "x", count: 70) + "\r\n"
    return .bytes(Array((head + String(repeating: line, count: size / 72 + 1)).utf8))
}
