import Coordination
import Logging
import ServiceKit
import Synchronization

/// The mailboxes of all tenants and the instances that there are: stands for the leases of this instance's share.
final class MailboxRoster: Sendable {
    /// A mailbox with what it is reached by.
    struct Entry: Sendable {
        let mailbox: MailboxAssignment
        let client: CoreClient
    }

    private struct State {
        /// By tenant, then by key.
        var entries: [String: [String: Entry]] = [:]
        var instances: [String] = []
        /// What runs, by key: its revision, and what ends it.
        var standing: [String: (revision: String, stop: StopSignal)] = [:]
        var isStopping = false
    }

    private let dependencies: EmailDependencies
    private let registry: HeldMailboxes
    private let state = Mutex(State())
    private let changed = AsyncWake()

    init(dependencies: EmailDependencies, registry: HeldMailboxes) {
        self.dependencies = dependencies
        self.registry = registry
    }

    /// Takes up the mailboxes of a tenant.
    func update(_ entries: [Entry], of tenant: String) {
        state.withLock { state in
            state.entries[tenant] = Dictionary(entries.map { ($0.mailbox.key, $0) }, uniquingKeysWith: { $1 })
        }
        changed.wake()
    }

    /// Takes up who else is there.
    func update(instances: [String]) {
        let isNew = state.withLock { state in
            defer { state.instances = instances }
            return state.instances != instances
        }
        if isNew { changed.wake() }
    }

    /// Stands for this instance's share until cancelled; then gives all leases back.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for (entry, stop) in settle() {
                    group.addTask {
                        await self.stand(for: entry, until: stop)
                        self.ended(entry.mailbox.key, stop)
                    }
                }
                await changed.wait(atMost: .seconds(5))
            }
            for stop in state.withLock({ $0.standing.values.map(\.stop) }) { stop.fire() }
        }
    }

    /// Ends what is not ours any more or has changed.
    /// - Returns: what is to be stood for.
    private func settle() -> [(Entry, StopSignal)] {
        let (start, stop) = state.withLock { state -> ([(Entry, StopSignal)], [StopSignal]) in
            let all = state.entries.values.reduce(into: [:]) { $0.merge($1) { $1 } }
            let instances = state.instances + [dependencies.instance]
            let mine = ShareOut(mailboxes: Array(all.keys), instances: instances).shares[dependencies.instance] ?? []
            var stop: [StopSignal] = []
            for (key, running) in state.standing
            where !mine.contains(key) || all[key]?.mailbox.revision != running.revision {
                stop.append(running.stop)
            }
            var start: [(Entry, StopSignal)] = []
            for key in mine.sorted() where state.standing[key] == nil {
                guard let entry = all[key] else { continue }
                let signal = StopSignal()
                state.standing[key] = (entry.mailbox.revision, signal)
                start.append((entry, signal))
            }
            return (start, stop)
        }
        for signal in stop { signal.fire() }
        return start
    }

    private func ended(_ key: String, _ stop: StopSignal) {
        state.withLock { state in
            if state.standing[key]?.stop === stop { state.standing[key] = nil }
        }
        // It may be ours again, with other settings.
        changed.wake()
    }

    private func stand(for entry: Entry, until stop: StopSignal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.stand(for: entry) }
            group.addTask { await stop.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func stand(for entry: Entry) async {
        let (dependencies, registry) = (dependencies, registry)
        let mailbox = entry.mailbox
        await repeating("mailbox", logger: dependencies.logger) {
            let elector = try Elector(
                ElectorConfiguration(
                    name: "mailbox:\(mailbox.key)", holder: dependencies.instance, keyPrefix: dependencies.redisPrefix,
                    timeToLive: dependencies.leaseTime),
                client: dependencies.redis, subscriber: dependencies.subscriber, logger: dependencies.logger
            ) {
                try await CoreMailbox.begin(mailbox.name, instance: dependencies.instance, core: entry.client)
            }
            try await elector.run { term in
                try await HoldMailbox(
                    mailbox: mailbox, client: entry.client, dependencies: dependencies, registry: registry, term: term
                ).run()
            }
            return .milliseconds(200)
        }
    }
}

/// Something that is over once and for all.
final class StopSignal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func fire() { continuation.finish() }

    /// Returns when it has fired, or when cancelled.
    func wait() async { for await _ in stream {} }
}
