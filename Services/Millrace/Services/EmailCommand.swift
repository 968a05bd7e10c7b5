import ArgumentParser
import Email
import Foundation
import Logging
import Metrics
import ServiceKit

/// `millrace email`: runs the email service.
struct EmailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "email", abstract: "Run the email service: mailboxes in, replies out.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + EmailKeys.all))

    func run() async throws {
        let configuration = try ServiceStart.load { try EmailConfiguration.load(environment: $0) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: configuration.shared.logLevel)
        try await Self.service(configuration, metrics).run()
        ServiceStart.end()
    }

    static func service(_ configuration: EmailConfiguration, _ metrics: PrometheusMetrics) -> EmailService {
        var logger = Logger(label: "millrace.email")
        logger[metadataKey: "instance"] = "\(configuration.shared.instance)"
        return EmailService(configuration: configuration, metrics: metrics, logger: logger)
    }
}
