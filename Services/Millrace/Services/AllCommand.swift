import ArgumentParser
import Core
import Datamart
import Email
import Foundation
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
        let core = try CoreCommand.loadBeside()
        let email = try environment["MILLRACE_EMAIL_KEYS"].map { _ in try EmailCommand.loadBeside() }
        let datamart = try environment["MILLRACE_DATAMART_KEYS"].map { _ in try DatamartCommand.loadBeside() }
        let search = try environment["MILLRACE_SEARCH_KEYS"].map { _ in try SearchCommand.loadBeside() }
        let metrics = ServiceStart.observe(core.shared)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await CoreCommand.serve(core, metrics, answersHealth: true) }
            if let email { group.addTask { try await EmailCommand.serve(email, metrics, answersHealth: false) } }
            if let datamart {
                group.addTask { try await DatamartCommand.serve(datamart, metrics, answersHealth: false) }
            }
            if let search { group.addTask { try await SearchCommand.serve(search, metrics, answersHealth: false) } }
            // A signal reaches all; one that fails takes the others along.
            try await group.waitForAll()
        }
        ServiceStart.end()
    }
}
