import Domain
import Foundation
import Logging
import ServiceKit
import Synchronization

/// Asks core for the mailboxes of one tenant and for tests, again at each change.
final class WatchWork: Sendable {
    private let client: CoreClient
    private let roster: MailboxRoster
    private let registry: HeldMailboxes
    private let dependencies: EmailDependencies
    private let known = Mutex<(version: Int64?, answers: Bool, problem: String?)>(
        (nil, false, "core has not answered yet"))

    init(client: CoreClient, roster: MailboxRoster, registry: HeldMailboxes, dependencies: EmailDependencies) {
        self.client = client
        self.roster = roster
        self.registry = registry
        self.dependencies = dependencies
    }

    /// Why core does not say what there is to do; nil while it does.
    var problem: String? { known.withLock { $0.problem } }

    /// Runs until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            let (tests, continuation) = AsyncStream<(id: String, mailbox: MailboxAssignment)>.makeStream()
            group.addTask {
                await repeating("work", logger: self.dependencies.logger) {
                    do {
                        for test in try await self.ask() { continuation.yield(test) }
                        self.known.withLock { $0.problem = nil }
                    } catch {
                        if !(error is CancellationError) { self.known.withLock { $0.problem = "\(error)" } }
                        throw error
                    }
                    return .zero
                }
                continuation.finish()
            }
            for await test in tests { group.addTask { await self.test(test.id, test.mailbox) } }
        }
    }

    private func ask() async throws -> [(id: String, mailbox: MailboxAssignment)] {
        let version = known.withLock { $0.version }
        let query = version.map { "?wait=25&version=\($0)" } ?? ""
        let answer = try await client.call(.GET, "/mailboxes/work\(query)", timeout: .seconds(40), repeats: false)
        guard let tenant = answer["tenant"]?.stringValue, let version = answer["configurationVersion"]?.integerValue
        else {
            throw CoreError(code: .refused, status: 200, description: "core's answer names no tenant")
        }
        known.withLock { $0.version = version }
        var mailboxes: [String: MailboxAssignment] = [:]
        for entry in answer["mailboxes"]?.arrayValue ?? [] {
            do {
                if let mailbox = try MailboxAssignment(entry, tenant: tenant) { mailboxes[mailbox.name] = mailbox }
            } catch {
                dependencies.logger.error(
                    "a mailbox's settings are not understood by this version",
                    metadata: [
                        "tenant": "\(tenant)", "mailbox": "\(entry["name"]?.stringValue ?? "")", "error": "\(error)",
                    ])
            }
        }
        roster.update(mailboxes.values.map { .init(mailbox: $0, client: client) }, of: tenant)
        for name in answer["due"]?.arrayValue ?? [] {
            if let name = name.stringValue { registry.wake("\(tenant)/\(name)") }
        }
        return try (answer["tests"]?.arrayValue ?? []).compactMap { test in
            guard let id = test["id"]?.stringValue, let name = test["mailbox"]?.stringValue else { return nil }
            if let mailbox = mailboxes[name] { return (id, mailbox) }
            // One that is switched off can be tested all the same.
            let entry = answer["mailboxes"]?.arrayValue?.first { $0["name"]?.stringValue == name }
            guard var object = entry?.objectValue else { return nil }
            object["enabled"] = true
            return try MailboxAssignment(.object(object), tenant: tenant).map { (id, $0) }
        }
    }

    private func test(_ id: String, _ mailbox: MailboxAssignment) async {
        let result = await TestConnections(mailbox: mailbox, dependencies: dependencies).run()
        for _ in 0..<3 {
            do {
                _ = try await client.call(.POST, "/mailboxes/tests/\(id)", .object(result))
                return
            } catch {
                dependencies.logger.warning("a test's result could not be told", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
