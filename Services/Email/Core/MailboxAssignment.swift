import Domain
import Foundation
import ServiceKit

/// A mailbox as core hands it to the service: its settings and the secrets that it needs, still sealed.
struct MailboxAssignment: Sendable {
    let tenant: String
    let name: String
    /// Differs when anything has changed that a connection depends on.
    let revision: String
    let settings: MailboxConfiguration
    private let sealed: [String: [UInt8]]

    /// Reads an entry of `/mailboxes/work`.
    /// - Returns: nil for a mailbox that is switched off.
    /// - Throws: `BodyProblems` when this version does not understand its settings.
    init?(_ value: JSONValue, tenant: String) throws {
        guard value["enabled"]?.boolValue != false, let settings = value["settings"] else { return nil }
        self.tenant = tenant
        self.settings = try MailboxConfiguration(settings: settings)
        name = self.settings.name
        revision = value["revision"].map(\.text) ?? settings.text
        var sealed: [String: [UInt8]] = [:]
        for (name, box) in value["sealed"]?.objectValue?.members ?? [] {
            if let data = box.stringValue.flatMap({ Data(base64Encoded: $0) }) { sealed[name] = Array(data) }
        }
        self.sealed = sealed
    }

    /// What it is called among all mailboxes of all tenants.
    var key: String { "\(tenant)/\(name)" }

    /// Labels of its metrics.
    var labels: [(String, String)] { [("tenant", tenant), ("mailbox", name)] }

    /// Opens a secret.
    /// - Throws: ``MailboxProblem`` saying which setting is missing or does not fit.
    func secret(_ name: String, _ box: SecretBox?) throws(MailboxProblem) -> JSONValue {
        guard let box else {
            throw MailboxProblem(
                "MILLRACE_SECRETS_KEY is not set for the email service, so that no secret can be opened.")
        }
        guard let bytes = sealed[name] else { throw MailboxProblem("The secret \(name) is not stored.") }
        guard let opened = try? box.open(bytes, for: SecretBox.purpose(tenant: tenant, secret: name)),
            let value = try? JSONValue(parsing: opened)
        else {
            throw MailboxProblem(
                "The secret \(name) does not open: core and email have different MILLRACE_SECRETS_KEYs.")
        }
        for (_, member) in value.objectValue?.members ?? [] {
            if let text = member.stringValue, text.utf8.count >= 6 { KnownSecrets.shared.add(text) }
        }
        return value
    }
}

/// What keeps a mailbox from working until somebody changes something.
struct MailboxProblem: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
