import ArgumentParser
import Datamart
import Logging
import ServiceKit

/// `millrace datamart`: runs the data mart.
struct DatamartCommand: ServiceCommand {
    static let configuration = CommandConfiguration(
        commandName: "datamart", abstract: "Run the data mart: what happened, in tables for reports.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + DatamartKeys.all))

    static func serve(
        _ settings: DatamartServiceConfiguration, metrics: PrometheusMetrics, logger: Logger, answersHealth: Bool
    ) async throws {
        try await DatamartService(configuration: settings, metrics: metrics, logger: logger).run(
            answersHealth: answersHealth)
    }
}
