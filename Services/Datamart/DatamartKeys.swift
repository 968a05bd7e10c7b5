import Foundation
import ServiceKit

/// Configuration keys of the data mart alone.
public enum DatamartKeys {
    static let core = CoreAccessKeys.addresses(of: "datamart")
    static let keys = CoreAccessKeys.tenants(
        of: "datamart", "API keys with the role mart, one for each tenant that has a mart.")
    static let httpPort = ConfigurationKey<Int>(
        "datamart.http.port", "Port of the reports' HTTP; 0 takes a free one.",
        expected: "a whole number from 0 to 65535", fallback: (4025, "4025")
    ) { (text) throws(ConfigurationValueError) in
        guard let port = Int(text), (0...65_535).contains(port) else {
            throw ConfigurationValueError("must be a whole number from 0 to 65535")
        }
        return port
    }
    static let certificates = ConfigurationKey<String>(
        "datamart.certificates",
        "Certificates that the marts' databases are checked against; else they are not checked.",
        expected: "the path of a readable PEM file"
    ) { (text) throws(ConfigurationValueError) in
        guard FileManager.default.isReadableFile(atPath: text) else {
            throw ConfigurationValueError("must be the path of a readable PEM file")
        }
        return text
    }
    static let reader = ConfigurationKey<String>(
        "datamart.reader", "Role of the marts' databases that BI tools read with; given its rights where it exists.",
        expected: "a role's name", fallback: ("millrace_bi", "millrace_bi")
    ) { (text) throws(ConfigurationValueError) in
        guard (1...63).contains(text.utf8.count), !text.contains("\u{0}") else {
            throw ConfigurationValueError("must be a role's name")
        }
        return text
    }

    /// All of them.
    public static let all: [ConfigurationKeyDescription] = [
        core.description, keys.description, httpPort.description, certificates.description, reader.description,
    ]
}

/// What the data mart is told at start.
public struct DatamartServiceConfiguration: Sendable {
    /// What all services are told.
    public let shared: ServiceConfiguration
    let core: [String]
    let keys: [String]
    let httpPort: Int
    let certificates: String?
    let reader: String

    /// Reads environment and file.
    /// - Parameter otherKeys: keys of services that run in the same process.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> DatamartServiceConfiguration {
        var source = ConfigurationSource(
            environment: environment, keys: ConfigurationKeys.all + DatamartKeys.all + otherKeys)
        let shared = ServiceConfiguration(from: &source, needs: [.redis, .kafka])
        let configuration = DatamartServiceConfiguration(
            shared: shared, core: source.required(DatamartKeys.core, placeholder: []),
            keys: source.required(DatamartKeys.keys, placeholder: []),
            httpPort: source.required(DatamartKeys.httpPort, placeholder: 0),
            certificates: source.optional(DatamartKeys.certificates),
            reader: source.required(DatamartKeys.reader, placeholder: ""))
        try source.finish()
        for key in configuration.keys { KnownSecrets.shared.add(key) }
        return configuration
    }
}
