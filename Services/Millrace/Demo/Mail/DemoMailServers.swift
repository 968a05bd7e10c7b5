import Domain
import EmailAccess
import Foundation

/// The mail servers that the demonstration's customers use: those of the local stack, as its scripts describe them.
struct DemoMailServers: Sendable {
    /// Name and certificate of both servers.
    let host: String
    /// Port of IMAP over TLS.
    let imap: Int
    /// Port of SMTP over TLS.
    let smtp: Int
    /// PEM file of the certificate authority.
    let certificates: String
    /// Of every account.
    let password: String
    /// What comes after the @ of every account.
    let domain: String
    /// Accounts that become mailboxes of the tenant.
    let mailboxes: [String]
    /// Accounts of customers.
    let customers: [String]

    /// Reads the description.
    init(file: String) throws(CommandFailure) {
        guard let data = FileManager.default.contents(atPath: file), let document = try? JSONValue(parsing: Array(data))
        else { throw CommandFailure(.noInput, "There is no readable JSON file \(file) with mail servers.") }
        func text(_ name: String) throws(CommandFailure) -> String {
            guard let value = document[name]?.stringValue, !value.isEmpty else { throw Self.lacking(name, file) }
            return value
        }
        func port(_ name: String) throws(CommandFailure) -> Int {
            guard let value = document[name]?.integerValue, (1...65535).contains(value) else {
                throw Self.lacking(name, file)
            }
            return Int(value)
        }
        func names(_ name: String) throws(CommandFailure) -> [String] {
            let values = document[name]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard !values.isEmpty else { throw Self.lacking(name, file) }
            return values
        }
        host = try text("host")
        imap = try port("imap")
        smtp = try port("smtp")
        certificates = try text("certificates")
        password = try text("password")
        domain = try text("domain")
        mailboxes = try names("mailboxes")
        customers = try names("customers")
    }

    private static func lacking(_ name: String, _ file: String) -> CommandFailure {
        CommandFailure(.badConfiguration, "\(file) lacks \"\(name)\"; `make demo` writes it.")
    }

    func address(_ account: String) -> String { "\(account)@\(domain)" }

    func credentials(_ account: String) -> EmailAccess.MailCredentials {
        .password(user: address(account), password)
    }

    var imapServer: MailServer { server(imap) }
    var smtpServer: MailServer { server(smtp) }

    /// The stack's servers listen on the loopback address only.
    private func server(_ port: Int) -> MailServer {
        MailServer(host: host, port: port, security: .tls, certificates: certificates) { _, _ in "127.0.0.1" }
    }
}
