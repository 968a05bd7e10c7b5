import ArgumentParser
import Datamart
import Foundation
import Logging
import Metrics
import ServiceKit

/// `millrace datamart`: runs the data mart.
struct DatamartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datamart", abstract: "Run the data mart: what happened, in tables for reports.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + DatamartKeys.all))

    func run() async throws {
        let configuration = try ServiceStart.load { try DatamartServiceConfiguration.load(environment: $0) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: configuration.shared.logLevel)
        try await Self.service(configuration, metrics).run()
        ServiceStart.end()
    }

    static func service(
        _ configuration: DatamartServiceConfiguration, _ metrics: PrometheusMetrics
    ) -> DatamartService {
        var logger = Logger(label: "millrace.datamart")
        logger[metadataKey: "instance"] = "\(configuration.shared.instance)"
        return DatamartService(configuration: configuration, metrics: metrics, logger: logger)
    }
}
