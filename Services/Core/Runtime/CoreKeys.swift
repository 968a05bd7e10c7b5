import Domain
import ServiceKit

/// Configuration keys of the core service alone.
public enum CoreKeys {
    static let webhookSecrets = ConfigurationKey<[String: String]>(
        "webhook.secrets", "Secrets that webhooks are signed with, by the name in a source's secretRef.",
        expected: #"a JSON object such as {"name": "secret"}"#, fallback: ([:], "{}"), isSecret: true
    ) { (text) throws(ConfigurationValueError) in
        guard let object = (try? JSONValue(parsing: Array(text.utf8)))?.objectValue else {
            throw ConfigurationValueError("must be a JSON object from names to secrets")
        }
        var secrets: [String: String] = [:]
        for (name, value) in object.members {
            guard let secret = value.stringValue, secret.utf8.count >= 16 else {
                throw ConfigurationValueError("\(name) must be a text of at least 16 bytes")
            }
            secrets[name] = secret
        }
        return secrets
    }

    /// All of them.
    public static let all: [ConfigurationKeyDescription] = [webhookSecrets.description]
}

/// What the core service is told at start.
public struct CoreConfiguration: Sendable {
    /// What it has in common with the other services.
    public let shared: ServiceConfiguration
    let webhookSecrets: [String: String]

    /// Reads environment and file.
    /// - Parameter otherKeys: keys of services that run in the same process.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> CoreConfiguration {
        var source = ConfigurationSource(
            environment: environment, keys: ConfigurationKeys.all + CoreKeys.all + otherKeys)
        let configuration = CoreConfiguration(
            shared: ServiceConfiguration(from: &source),
            webhookSecrets: source.required(CoreKeys.webhookSecrets, placeholder: [:]))
        try source.finish()
        for secret in configuration.webhookSecrets.values { KnownSecrets.shared.add(secret) }
        return configuration
    }
}
