import ArgumentParser
import Core
import Logging
import ServiceKit

/// `millrace core`: runs the core service.
struct CoreCommand: ServiceCommand {
    static let configuration = CommandConfiguration(
        commandName: "core", abstract: "Run the core service: capture, classify, rank and distribute work.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + CoreKeys.all))

    static func serve(
        _ settings: CoreConfiguration, metrics: PrometheusMetrics, logger: Logger, answersHealth: Bool
    ) async throws {
        try await CoreService(configuration: settings, metrics: metrics, logger: logger).run()
    }
}
