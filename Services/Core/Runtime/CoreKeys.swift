import Domain
import ServiceKit

/// Configuration keys of the core service alone.
public enum CoreKeys {
    static let webhookSecrets = ConfigurationKey<[String: String]>(
        "webhook.secrets",
        "Secrets that webhooks are signed with, by the name in a source's secretRef; tenant/name is that tenant's alone.",
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

    static let contentFolder = ConfigurationKey<String>(
        "content.folder",
        "Folder of raw messages and attachments, the same one for all instances; without it they are in PostgreSQL.",
        expected: "the absolute path of a folder that can be written to"
    ) { (text) throws(ConfigurationValueError) in
        guard text.hasPrefix("/") else {
            throw ConfigurationValueError("must be the absolute path of a folder that can be written to")
        }
        if let problem = ContentFolder.prepare(text) {
            throw ConfigurationValueError(
                "must be a folder that can be written to, or can be made in one (\(problem)): make it, mount it, or give it to "
                    + "the user that this runs as")
        }
        return text
    }
    static let contentStore = ConfigurationKey<ContentStoreKind>(
        "content.store", "Where new ones go; what is in the other place stays there and is read from there.",
        expected: "folder or database; unless given, folder where one is named"
    ) { (text) throws(ConfigurationValueError) in
        guard let kind = ContentStoreKind(rawValue: text) else {
            throw ConfigurationValueError("must be folder or database, not \(text)")
        }
        return kind
    }

    /// All of them.
    public static let all: [ConfigurationKeyDescription] = [
        webhookSecrets.description, contentFolder.description, contentStore.description,
    ]
}

/// Where contents are stored.
enum ContentStoreKind: String, Sendable { case folder, database }

/// What the core service is told at start.
public struct CoreConfiguration: Sendable {
    /// What it has in common with the other services.
    public let shared: ServiceConfiguration
    let webhookSecrets: [String: String]
    let contentFolder: String?
    let contentStore: ContentStoreKind

    /// Reads environment and file.
    /// - Parameter otherKeys: keys of services that run in the same process.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> CoreConfiguration {
        var source = ConfigurationSource(
            environment: environment, keys: ConfigurationKeys.all + CoreKeys.all + otherKeys)
        let shared = ServiceConfiguration(from: &source)
        let webhookSecrets = source.required(CoreKeys.webhookSecrets, placeholder: [:])
        let folder = source.optional(CoreKeys.contentFolder)
        let store = source.optional(CoreKeys.contentStore) ?? (folder == nil ? .database : .folder)
        if store == .folder, !source.isGiven(CoreKeys.contentFolder) {
            source.refuse(CoreKeys.contentStore, "is folder, so MILLRACE_CONTENT_FOLDER must name one")
        }
        let configuration = CoreConfiguration(
            shared: shared, webhookSecrets: webhookSecrets, contentFolder: folder, contentStore: store)
        try source.finish()
        for secret in configuration.webhookSecrets.values { KnownSecrets.shared.add(secret) }
        return configuration
    }
}
