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

    /// Reads what PostgreSQL says now: before a source is told that its tenant or name does not exist, since another
    /// instance may have applied that a moment ago. Waits as long as PostgreSQL is away, or until cancelled.
    func readAgain() async { await rounds.wait { changed.raise() } }

    /// Whose messages a source's own command topic carries; nil for the shared topic.
    func binding(ofTopic topic: String) -> CommandMessage.Binding? { bindings[topic] }

    /// The command topics of sources that have one of their own.
    var bindings: [String: CommandMessage.Binding] {
        var bindings: [String: CommandMessage.Binding] = [:]
        for runtime in all {
            for source in runtime.snapshot.sources.values {
                if let topic = source.definition.topic {
                    bindings[dependencies.topics.prefix + topic] = .init(tenant: runtime.name, source: source.name)
                }
            }
        }
        return bindings
    }

    /// Runs the tenants' runtimes until cancelled.
    func run() async {
        let (runtimes, continuation) = AsyncStream<TenantRuntime>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                await repeating("tenants", logger: self.dependencies.logger) {
                    for runtime in try await self.refresh() { continuation.yield(runtime) }
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

    /// Reads what has changed.
    /// - Returns: runtimes of tenants that are new here.
    private func refresh() async throws -> [TenantRuntime] {
        rounds.begin()
        var added: [TenantRuntime] = []
        for tenant in try await store.tenants() where tenant.version > 0 {
            if let runtime = runtime(id: tenant.id) {
                if runtime.snapshot.version < tenant.version {
                    runtime.snapshot = try await store.snapshot(
                        tenant: tenant.id, name: tenant.name, version: tenant.version)
                    dependencies.logger.info(
                        "configuration taken up",
                        metadata: ["tenant": "\(tenant.name)", "version": "\(tenant.version)"])
                }
                continue
            }
            let snapshot = try await store.snapshot(tenant: tenant.id, name: tenant.name, version: tenant.version)
            let runtime = TenantRuntime(
                tenant: tenant.id, name: tenant.name, contentPlace: tenant.contentPlace, snapshot: snapshot,
                dependencies: dependencies)
            state.withLock { state in
                state.byName[tenant.name] = runtime
                state.byId[tenant.id] = runtime
            }
            added.append(runtime)
        }
        rounds.end()
        return added
    }
}
