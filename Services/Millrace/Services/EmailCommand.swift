import ArgumentParser
import Email
import Logging
import ServiceKit

/// `millrace email`: runs the email service.
struct EmailCommand: ServiceCommand {
    static let configuration = CommandConfiguration(
        commandName: "email", abstract: "Run the email service: mailboxes in, replies out.",
        discussion: "It is configured by its environment:\n"
            + ConfigurationKeys.help(ConfigurationKeys.all + EmailKeys.all))

    static func serve(
        _ settings: EmailConfiguration, metrics: PrometheusMetrics, logger: Logger, answersHealth: Bool
    ) async throws {
        try await EmailService(configuration: settings, metrics: metrics, logger: logger).run(
            answersHealth: answersHealth)
    }
}
