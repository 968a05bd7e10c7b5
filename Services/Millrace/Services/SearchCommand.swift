import ArgumentParser
import Foundation
import Logging
import Metrics
import Search
import ServiceKit

/// `millrace search`: runs the search service.
struct SearchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Run the search service: work items and emails in Elasticsearch or OpenSearch.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + SearchKeys.all))

    func run() async throws {
        let configuration = try ServiceStart.load { try SearchServiceConfiguration.load(environment: $0) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: configuration.shared.logLevel)
        try await Self.service(configuration, metrics).run()
        ServiceStart.end()
    }

    static func service(
        _ configuration: SearchServiceConfiguration, _ metrics: PrometheusMetrics
    ) -> SearchService {
        var logger = Logger(label: "millrace.search")
        logger[metadataKey: "instance"] = "\(configuration.shared.instance)"
        return SearchService(configuration: configuration, metrics: metrics, logger: logger)
    }
}
