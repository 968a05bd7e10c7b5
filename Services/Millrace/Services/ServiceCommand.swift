import ArgumentParser
import Core
import Datamart
import Email
import Foundation
import Logging
import Metrics
import Search
import ServiceKit

/// What a service is configured with.
protocol ServiceSettings: Sendable {
    /// What every service is told.
    var shared: ServiceConfiguration { get }
    /// - Parameter otherKeys: those of services that may be configured in the same environment.
    /// - Throws: `ConfigurationError` with everything that is wrong.
    static func load(
        environment: [String: String], otherKeys: [ConfigurationKeyDescription]
    ) throws(ConfigurationError) -> Self
}

extension CoreConfiguration: ServiceSettings {}
extension EmailConfiguration: ServiceSettings {}
extension DatamartServiceConfiguration: ServiceSettings {}
extension SearchServiceConfiguration: ServiceSettings {}

/// A command that runs a service, alone or, by `millrace all`, beside others in one process.
protocol ServiceCommand: AsyncParsableCommand {
    associatedtype Settings: ServiceSettings
    /// Runs it until it is stopped.
    /// - Parameter answersHealth: false beside another service that answers for metrics and health.
    static func serve(
        _ settings: Settings, metrics: PrometheusMetrics, logger: Logger, answersHealth: Bool
    ) async throws
}

extension ServiceCommand {
    func run() async throws {
        let settings = try ServiceStart.load { try Settings.load(environment: $0, otherKeys: []) }
        let metrics = ServiceStart.observe(settings.shared)
        try await Self.serve(settings, metrics, answersHealth: true)
        ServiceStart.end()
    }

    /// Runs it under its own name in logs.
    static func serve(_ settings: Settings, _ metrics: PrometheusMetrics, answersHealth: Bool) async throws {
        var logger = Logger(label: "millrace.\(configuration.commandName ?? "service")")
        logger[metadataKey: "instance"] = "\(settings.shared.instance)"
        try await serve(settings, metrics: metrics, logger: logger, answersHealth: answersHealth)
    }

    /// For a process that runs others as well: what it needs may be configured, and so may what they need.
    static func loadBeside() throws -> Settings {
        try ServiceStart.load {
            try Settings.load(
                environment: $0, otherKeys: CoreKeys.all + EmailKeys.all + DatamartKeys.all + SearchKeys.all)
        }
    }
}

/// What services have in common at start and end.
enum ServiceStart {
    /// Reads a configuration; what is wrong with it goes to standard error and ends the process.
    static func load<Configuration>(
        _ load: ([String: String]) throws -> Configuration
    ) throws -> Configuration {
        do {
            return try load(ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(78)
        }
    }

    /// Metrics and logs of a process.
    static func observe(_ settings: ServiceConfiguration) -> PrometheusMetrics {
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: settings.logLevel)
        return metrics
    }

    /// Ends a process whose services have ended, without the handlers of `exit`: OpenSSL, libcurl and librdkafka would free
    /// what their threads, and those of the event loops, still use. Logs are written as they come.
    static func end() -> Never { _exit(0) }
}
