import Domain
import Foundation
import ServiceKit

/// Configuration keys of the email service alone.
public enum EmailKeys {
    static let core = CoreAccessKeys.addresses(of: "email")
    static let keys = CoreAccessKeys.tenants(
        of: "email", "API keys with the role mail, one for each tenant whose mailboxes are served.")
    static let spool = ConfigurationKey<String>(
        "email.spool", "Folder for messages in hand; emptied at start. Each instance has its own in it.",
        expected: "the path of a folder that can be written to", fallback: ("/tmp", "/tmp")
    ) { (text) throws(ConfigurationValueError) in
        guard FileManager.default.isWritableFile(atPath: text) else {
            throw ConfigurationValueError("must be the path of a folder that can be written to")
        }
        return text
    }
    static let certificates = ConfigurationKey<String>(
        "email.certificates", "Certificates that mail servers are checked against; else the system's.",
        expected: "the path of a readable PEM file"
    ) { (text) throws(ConfigurationValueError) in
        guard FileManager.default.isReadableFile(atPath: text) else {
            throw ConfigurationValueError("must be the path of a readable PEM file")
        }
        return text
    }

    static let reconcileEvery = ConfigurationKey<Duration>.duration(
        "email.reconcile.every", "How often a mailbox's folder is compared with what was taken.",
        in: 1_000...86_400_000, fallbackMilliseconds: 600_000)

    /// All of them.
    public static let all: [ConfigurationKeyDescription] = [
        core.description, keys.description, spool.description, certificates.description,
        reconcileEvery.description,
    ]
}

/// What the email service is told at start.
public struct EmailConfiguration: Sendable {
    /// What all services are told.
    public let shared: ServiceConfiguration
    let core: [String]
    let keys: [String]
    let spool: String
    let certificates: String?
    let reconcileEvery: Duration

    /// Reads environment and file.
    /// - Parameter otherKeys: keys of services that run in the same process.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> EmailConfiguration {
        var source = ConfigurationSource(
            environment: environment, keys: ConfigurationKeys.all + EmailKeys.all + otherKeys)
        let shared = ServiceConfiguration(from: &source, needs: .redis)
        let configuration = EmailConfiguration(
            shared: shared, core: source.required(EmailKeys.core, placeholder: []),
            keys: source.required(EmailKeys.keys, placeholder: []),
            spool: source.required(EmailKeys.spool, placeholder: "/tmp"),
            certificates: source.optional(EmailKeys.certificates),
            reconcileEvery: source.required(EmailKeys.reconcileEvery, placeholder: .seconds(600)))
        try source.finish()
        for key in configuration.keys { KnownSecrets.shared.add(key) }
        return configuration
    }
}
