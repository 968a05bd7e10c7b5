import ArgumentParser
import Core
import Datamart
import Email
import Foundation
import Logging
import Metrics
import Search
import ServiceKit

/// `millrace all`: every service in one process, for a laptop.
struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Run every service that is configured in one process, for a laptop.",
        discussion: """
            It is configured by its environment, as `millrace core`, `millrace email`, `millrace datamart` and `millrace \
            search` are; email runs when MILLRACE_EMAIL_KEYS is set, datamart when MILLRACE_DATAMART_KEYS is, search when \
            MILLRACE_SEARCH_KEYS is.
            """)

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let core = try ServiceStart.load {
            try CoreConfiguration.load(environment: $0, otherKeys: EmailKeys.all + DatamartKeys.all + SearchKeys.all)
        }
        let email =
            environment["MILLRACE_EMAIL_KEYS"] == nil
            ? nil
            : try ServiceStart.load {
                try EmailConfiguration.load(
                    environment: $0, otherKeys: CoreKeys.all + DatamartKeys.all + SearchKeys.all)
            }
        let datamart =
            environment["MILLRACE_DATAMART_KEYS"] == nil
            ? nil
            : try ServiceStart.load {
                try DatamartServiceConfiguration.load(
                    environment: $0, otherKeys: CoreKeys.all + EmailKeys.all + SearchKeys.all)
            }
        let search =
            environment["MILLRACE_SEARCH_KEYS"] == nil
            ? nil
            : try ServiceStart.load {
                try SearchServiceConfiguration.load(
                    environment: $0, otherKeys: CoreKeys.all + EmailKeys.all + DatamartKeys.all)
            }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        JSONLogHandler.bootstrap(level: core.shared.logLevel)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await CoreCommand.service(core, metrics).run() }
            if let email {
                group.addTask { try await EmailCommand.service(email, metrics).run(answersHealth: false) }
            }
            if let datamart {
                group.addTask { try await DatamartCommand.service(datamart, metrics).run(answersHealth: false) }
            }
            if let search {
                group.addTask { try await SearchCommand.service(search, metrics).run(answersHealth: false) }
            }
            // A signal reaches all; one that fails takes the others along.
            try await group.waitForAll()
        }
        ServiceStart.end()
    }
}
