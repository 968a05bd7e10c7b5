import ArgumentParser
import Core
import ServiceKit

/// `millrace all`: every service in one process, for a laptop.
struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "Run every service in one process, for a laptop; today that is core.",
        discussion: "It is configured by its environment, as `millrace core` is.")

    func run() async throws { try await CoreCommand.runCore() }
}
