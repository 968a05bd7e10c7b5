import Domain
import ServiceKit

/// Configuration keys of the search service alone.
public enum SearchKeys {
    static let core = CoreAccessKeys.addresses(of: "search")
    static let keys = CoreAccessKeys.tenants(
        of: "search", "API keys with the role search, one for each tenant whose items are indexed.")
    static let checkEvery = ConfigurationKey.duration(
        "search.check.every", "How often an index is compared with the items, and mended.",
        in: 1000...604_800_000, fallbackMilliseconds: 3_600_000)
    static let checkGrace = ConfigurationKey.duration(
        "search.check.grace", "How long a change may be on its way into an index: what is younger is not compared.",
        in: 1000...600_000, fallbackMilliseconds: 10_000)

    /// All of them.
    public static let all: [ConfigurationKeyDescription] = [
        core.description, keys.description, checkEvery.description, checkGrace.description,
    ]
}

/// What the search service is told at start.
public struct SearchServiceConfiguration: Sendable {
    /// What all services are told.
    public let shared: ServiceConfiguration
    let core: [String]
    let keys: [String]
    let checks: CheckTimes

    /// Reads environment and file.
    /// - Parameter otherKeys: keys of services that run in the same process.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    public static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> SearchServiceConfiguration {
        var source = ConfigurationSource(
            environment: environment, keys: ConfigurationKeys.all + SearchKeys.all + otherKeys)
        let shared = ServiceConfiguration(from: &source, needs: [.redis, .kafka])
        let configuration = SearchServiceConfiguration(
            shared: shared, core: source.required(SearchKeys.core, placeholder: []),
            keys: source.required(SearchKeys.keys, placeholder: []),
            checks: CheckTimes(
                every: source.required(SearchKeys.checkEvery, placeholder: .seconds(3600)),
                grace: source.required(SearchKeys.checkGrace, placeholder: .seconds(10))))
        try source.finish()
        for key in configuration.keys { KnownSecrets.shared.add(key) }
        return configuration
    }
}
