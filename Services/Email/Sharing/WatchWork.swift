import Domain
import Foundation
import Logging
import ServiceKit
import Synchronization

/// Asks core what there is to do for one tenant, again at each change: mailboxes, mail that has become due, messages to read
/// once more, and tests.
final class WatchWork: Sendable {
    private let client: CoreClient
    private let roster: MailboxRoster
    private let registry: HeldMailboxes
    private let dependencies: EmailDependencies
    private let known = Mutex(Known())
    /// Messages that are being read once more, or wait for their turn: core tells of them again until they are.
    private let rereading = Mutex<Set<String>>([])

    private struct Known {
        var version: Int64?
        /// What core's last answer told.
        var seen: String?
        var problem: String? = "core has not answered yet"
        /// The mailboxes as core told of them last.
        var entries: [JSONValue] = []
    }

    /// Something that is done once.
    private enum Job: Sendable {
        case test(id: String, MailboxAssignment)
        case reread(RereadMessage.Wanted, MailboxAssignment)
    }

    /// Messages that become due shortly after each other are told of in one answer.
    private static let gather = Duration.milliseconds(50)

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
            let (jobs, continuation) = AsyncStream<Job>.makeStream()
            group.addTask {
                await repeating("work", logger: self.dependencies.logger) {
                    let answer: (jobs: [Job], isDue: Bool)
                    do {
                        answer = try await self.ask()
                        for job in answer.jobs { continuation.yield(job) }
                        self.known.withLock { $0.problem = nil }
                    } catch {
                        if !(error is CancellationError) { self.known.withLock { $0.problem = "\(error)" } }
                        throw error
                    }
                    return answer.isDue ? Self.gather : .zero
                }
                continuation.finish()
            }
            for await job in jobs { group.addTask { await self.perform(job) } }
        }
    }

    private func ask() async throws -> (jobs: [Job], isDue: Bool) {
        let (version, seen) = known.withLock { ($0.version, $0.seen) }
        let query = version.map { "?wait=25&version=\($0)" + (seen.map { "&seen=\($0)" } ?? "") } ?? ""
        let answer = try await client.call(.GET, "/mailboxes/work\(query)", timeout: .seconds(40), repeats: false)
        guard let tenant = answer["tenant"]?.stringValue, let version = answer["configurationVersion"]?.integerValue
        else {
            throw CoreError(code: .refused, status: 200, description: "core's answer names no tenant")
        }
        await dependencies.tokens.keeper.reach(tenant, by: client)
        let told = answer["mailboxes"]?.arrayValue
        let entries = known.withLock { known in
            known.version = version
            known.seen = answer["seen"]?.stringValue
            if let told { known.entries = told }
            return known.entries
        }
        if let told { roster.update(assignments(told, tenant).map { .init(mailbox: $0, client: client) }, of: tenant) }
        let due = (answer["due"]?.arrayValue ?? []).compactMap(\.stringValue)
        for name in due { registry.wake("\(tenant)/\(name)") }

        /// One that is switched off can be tested, and its messages be read, all the same.
        func mailbox(_ name: String?) throws -> MailboxAssignment? {
            let entry = entries.first { $0["name"]?.stringValue == name }
            guard var object = entry?.objectValue else { return nil }
            object["enabled"] = true
            return try MailboxAssignment(.object(object), tenant: tenant)
        }
        let tests = try (answer["tests"]?.arrayValue ?? []).compactMap { test -> Job? in
            guard let id = test["id"]?.stringValue else { return nil }
            return try mailbox(test["mailbox"]?.stringValue).map { .test(id: id, $0) }
        }
        let rereads = try (answer["rereads"]?.arrayValue ?? []).compactMap(RereadMessage.Wanted.init).compactMap {
            wanted in try mailbox(wanted.mailbox).map { Job.reread(wanted, $0) }
        }
        return (tests + rereads, !due.isEmpty)
    }

    private func assignments(_ entries: [JSONValue], _ tenant: String) -> [MailboxAssignment] {
        entries.compactMap { entry in
            do {
                return try MailboxAssignment(entry, tenant: tenant)
            } catch {
                dependencies.logger.error(
                    "a mailbox's settings are not understood by this version",
                    metadata: [
                        "tenant": "\(tenant)", "mailbox": "\(entry["name"]?.stringValue ?? "")", "error": "\(error)",
                    ])
                return nil
            }
        }
    }

    private func perform(_ job: Job) async {
        switch job {
        case .test(let id, let mailbox): await test(id, mailbox)
        case .reread(let wanted, let mailbox):
            guard rereading.withLock({ $0.insert(wanted.id).inserted }) else { return }
            defer { rereading.withLock { _ = $0.remove(wanted.id) } }
            do {
                try await dependencies.taking.use { turn in
                    // What is large lies in files.
                    try await turn.lending(1 << 20) {
                        try await RereadMessage(mailbox: mailbox, client: client, dependencies: dependencies)(wanted)
                    }
                }
            } catch {
                // Core asks again.
                dependencies.logger.warning(
                    "a message could not be read once more", metadata: ["email": "\(wanted.id)", "error": "\(error)"])
            }
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
