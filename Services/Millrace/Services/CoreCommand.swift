import ArgumentParser
import Core
import Foundation
import Logging
import Metrics
import ServiceKit

/// `millrace core`: runs the core service.
struct CoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "core", abstract: "Run the core service: capture, classify, rank and distribute work.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + CoreKeys.all))

    func run() async throws {
        let configuration = try ServiceStart.load { try CoreConfiguration.load(environment: $0) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: configuration.shared.logLevel)
        try await Self.service(configuration, metrics).run()
        ServiceStart.end()
    }

    static func service(_ configuration: CoreConfiguration, _ metrics: PrometheusMetrics) -> CoreService {
        var logger = Logger(label: "millrace.core")
        logger[metadataKey: "instance"] = "\(configuration.shared.instance)"
        return CoreService(configuration: configuration, metrics: metrics, logger: logger)
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

    /// Ends a process whose services have ended, without the handlers of `exit`: OpenSSL, libcurl and librdkafka would free
    /// what their threads, and those of the event loops, still use. Logs are written as they come.
    static func end() -> Never { _exit(0) }
}
