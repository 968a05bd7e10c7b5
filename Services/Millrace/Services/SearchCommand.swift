import ArgumentParser
import Logging
import Search
import ServiceKit

/// `millrace search`: runs the search service.
struct SearchCommand: ServiceCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Run the search service: work items and emails in Elasticsearch or OpenSearch.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + SearchKeys.all))

    static func serve(
        _ settings: SearchServiceConfiguration, metrics: PrometheusMetrics, logger: Logger, answersHealth: Bool
    ) async throws {
        try await SearchService(configuration: settings, metrics: metrics, logger: logger).run(
            answersHealth: answersHealth)
    }
}
