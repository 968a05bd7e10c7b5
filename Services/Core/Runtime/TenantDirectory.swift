import Domain
import Foundation
import Logging
import ServiceKit
import Storage
import Synchronization

/// The tenants that this instance serves: finds new ones and new configurations, and runs a runtime for each.
final class TenantDirectory: Sendable {
    private struct State {
        var byName: [String: TenantRuntime] = [:]
        var byId: [Int32: TenantRuntime] = [:]
        var unread = UnreadTenants()
        var refusedTopics: Set<TopicBindings.Claim> = []
    }
    private let state = Mutex(State())
    private let dependencies: CoreDependencies
    private let store: ConfigurationStore
    /// Raised by whoever has applied a configuration.
    let changed = Signal()
    private let rounds = Rounds()

    init(dependencies: CoreDependencies) {
        self.dependencies = dependencies
        store = ConfigurationStore(pool: dependencies.pool)
    }

    func runtime(named name: String) -> TenantRuntime? { state.withLock { $0.byName[name] } }
    func runtime(id: Int32) -> TenantRuntime? { state.withLock { $0.byId[id] } }
    var all: [TenantRuntime] { state.withLock { Array($0.byId.values) } }

    /// Whether the tenants have been read once.
    var isReady: Bool { rounds.hasEndedOne }

    /// The version that a tenant should have here and that cannot be read; nil when all is well.
    func unreadVersion(ofTenant id: Int32) -> Int32? { state.withLock { $0.unread.version(ofTenant: id) } }

    /// Whether a tenant is there and cannot be served, since its configuration cannot be read.
    func isOutOfService(named name: String) -> Bool {
        state.withLock { $0.byName[name] == nil && $0.unread.names.contains(name) }
    }

    /// What an operator is told of tenants whose configuration in force cannot be read; nil when there are none.
    var trouble: String? { state.withLock { HealthCheck.summary($0.unread.descriptions) } }

    /// Reads what PostgreSQL says now: before a source is told that its tenant or name does not exist, since another
    /// instance may have applied that a moment ago. Waits as long as PostgreSQL is away, or until cancelled.
    func readAgain() async { await rounds.wait { changed.raise() } }

    /// Whose messages a source's own command topic carries; nil for the shared topic.
    func binding(ofTopic topic: String) -> CommandMessage.Binding? { bindings[topic] }

    /// The command topics of sources that have one of their own.
    var bindings: [String: CommandMessage.Binding] {
        let prefix = dependencies.topics.prefix
        return Dictionary(
            uniqueKeysWithValues: topicBindings.owners.map {
                (prefix + $0.key, CommandMessage.Binding(tenant: $0.value.tenantName, source: $0.value.source))
            })
    }

    private var topicBindings: TopicBindings {
        let claims = all.flatMap { runtime in
            runtime.snapshot.sources.values.compactMap { source in
                source.definition.topic.map {
                    TopicBindings.Claim(
                        tenant: runtime.tenant, tenantName: runtime.name, source: source.name, topic: $0)
                }
            }
        }
        return TopicBindings(claims, isReserved: ServiceTopics.isReserved)
    }

    /// Tells the operator once of each topic that a source names in vain.
    private func noteRefusedTopics() {
        let refused = topicBindings.refused
        let news = state.withLock { state in
            defer { state.refusedTopics = refused }
            return refused.subtracting(state.refusedTopics)
        }
        for claim in news {
            dependencies.logger.error(
                "topic of a source is another tenant's or the service's own: no commands are taken from it for this source",
                metadata: [
                    "tenant": "\(claim.tenantName)", "source": "\(claim.source)", "topic": "\(claim.topic)",
                ])
        }
    }

    /// Runs the tenants' runtimes until cancelled.
    func run() async {
        let (runtimes, continuation) = AsyncStream<TenantRuntime>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await repeating("tenants", logger: self.dependencies.logger) {
                    try await self.refresh { continuation.yield($0) }
                    await self.changed.wait(atMost: .seconds(1))
                    return .zero
                }
                continuation.finish()
            }
            for await runtime in runtimes { group.addTask { await runtime.run() } }
        }
    }

    /// Takes up a version that was applied here, so that its caller's next request sees it.
    func take(_ version: Int32, of runtime: TenantRuntime) async throws {
        if runtime.snapshot.version < version {
            runtime.snapshot = try await store.snapshot(tenant: runtime.tenant, name: runtime.name, version: version)
        }
        changed.raise()
    }

    /// Reads what has changed, tenant by tenant: one whose configuration cannot be read keeps no other from being served.
    /// - Parameter start: given each tenant that is new here, as soon as it is known.
    private func refresh(_ start: (TenantRuntime) -> Void) async throws {
        rounds.begin()
        let tenants = try await store.tenants()
        for tenant in tenants where tenant.version > 0 {
            let runtime = runtime(id: tenant.id)
            let isRead = runtime.map { $0.snapshot.version >= tenant.version } ?? false
            let isDue = state.withLock { state in
                if isRead { state.unread.forget(tenant.id) }
                return !isRead && state.unread.isDue(tenant.id, version: tenant.version, at: .now)
            }
            guard isDue else { continue }
            do {
                let snapshot = try await store.snapshot(tenant: tenant.id, name: tenant.name, version: tenant.version)
                if let runtime { renew(runtime, by: snapshot) } else { start(add(tenant, snapshot)) }
            } catch {
                try note(error, of: tenant)
            }
        }
        state.withLock { $0.unread.keep(only: Set(tenants.map(\.id))) }
        noteRefusedTopics()
        rounds.end()
    }

    private func renew(_ runtime: TenantRuntime, by snapshot: TenantSnapshot) {
        runtime.snapshot = snapshot
        state.withLock { $0.unread.forget(runtime.tenant) }
        dependencies.logger.info(
            "configuration taken up", metadata: ["tenant": "\(runtime.name)", "version": "\(snapshot.version)"])
    }

    private func add(_ tenant: ConfigurationStore.Tenant, _ snapshot: TenantSnapshot) -> TenantRuntime {
        let runtime = TenantRuntime(
            tenant: tenant.id, name: tenant.name, contentPlace: tenant.contentPlace, snapshot: snapshot,
            dependencies: dependencies)
        state.withLock { state in
            state.byName[tenant.name] = runtime
            state.byId[tenant.id] = runtime
            state.unread.forget(tenant.id)
        }
        return runtime
    }

    /// - Throws: the error when it is not this tenant's alone, such as a server that is away: then the pass begins again.
    private func note(_ error: any Error, of tenant: ConfigurationStore.Tenant) throws {
        if error is CancellationError { throw error }
        if let cause = error as? StorageError,
            cause.isRetryable || [.poolExhausted, .poolClosed, .outOfResources, .statementTimeout].contains(cause.code)
        {
            throw error
        }
        let reason = "\(error)"
        let isNews = state.withLock {
            $0.unread.note(tenant.id, name: tenant.name, version: tenant.version, reason: reason, at: .now)
        }
        guard isNews else { return }
        dependencies.logger.error(
            "configuration cannot be read: its tenant goes on by the version before, or is not served",
            metadata: [
                "tenant": "\(tenant.name)", "version": "\(tenant.version)", "error": "\(reason.prefix(1000))",
            ])
    }
}
