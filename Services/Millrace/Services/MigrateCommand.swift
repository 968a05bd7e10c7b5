import ArgumentParser
import Core
import Foundation
import Logging
import ServiceKit
import Storage

/// `millrace migrate`: brings the database's schema up to date, as its owner.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database's schema up to date; run it before a new version starts.")

    func run() async throws {
        let configuration = try ServiceStart.load {
            try ServiceConfiguration.load(environment: $0, needs: .database, otherKeys: CoreKeys.all)
        }
        let applied = try await Installation(configuration: configuration).migrate()
        print(
            applied.isEmpty
                ? "The schema is up to date." : "Applied \(applied.count) migrations, up to \(applied.last ?? 0).")
    }
}
