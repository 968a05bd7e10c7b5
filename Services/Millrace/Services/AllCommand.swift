import ArgumentParser
import Core
import Email
import Foundation
import Logging
import Metrics
import ServiceKit

/// `millrace all`: every service in one process, for a laptop.
struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Run every service in one process, for a laptop: core, and email when it is configured.",
        discussion: """
            It is configured by its environment, as `millrace core` and `millrace email` are; email runs when \
            MILLRACE_EMAIL_KEYS is set.
            """)

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let core = try ServiceStart.load { try CoreConfiguration.load(environment: $0, otherKeys: EmailKeys.all) }
        let email =
            environment["MILLRACE_EMAIL_KEYS"] == nil
            ? nil : try ServiceStart.load { try EmailConfiguration.load(environment: $0, otherKeys: CoreKeys.all) }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: core.shared.logLevel)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await CoreCommand.service(core, metrics).run() }
            if let email {
                group.addTask { try await EmailCommand.service(email, metrics).run(answersHealth: false) }
            }
            // A signal reaches both; one that fails takes the other along.
            try await group.waitForAll()
        }
        ServiceStart.end()
    }
}
