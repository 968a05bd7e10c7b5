import Domain
import Foundation
import Logging
import NIOCore
import Projection
import SearchIndex
import ServiceKit
import Synchronization

/// Follows the settings of one tenant and runs its index accordingly.
final class WatchSettings: Sendable {
    private struct Settings: Sendable, Hashable {
        var tenant: String
        var search: SearchConfiguration?
        var sealed: String?
        var owner: String?
    }

    private struct Known {
        var settings: Settings?
        var revision: String?
        /// Why the settings are not known.
        var problem: String? = "core has not answered yet"
        /// Why the settings are of no use.
        var mistake: String?
        var state: ProjectionState?
    }

    private let core: CoreClient
    private let dependencies: SearchDependencies
    private let known = Mutex(Known())
    private let changed = AsyncWake()
    private let wishes = Wishes(0)

    init(core: CoreClient, dependencies: SearchDependencies) {
        self.core = core
        self.dependencies = dependencies
    }

    /// Why the settings are not known; nil when they are.
    var problem: String? { known.withLock { $0.problem } }

    /// Why the index does not follow; nil when it does, or the tenant has none.
    var trouble: String? { known.withLock { $0.mistake ?? $0.state?.snapshot.problem } }

    /// Whether the tenant has a search server.
    var isInUse: Bool { known.withLock { $0.settings?.search != nil } }

    /// Runs until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await repeating("settings", logger: self.dependencies.logger) {
                    try await self.ask()
                    return .zero
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    let settings = self.known.withLock { $0.settings }
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask { await self.index(settings) }
                        // What runs by the old settings ends before the new ones are taken up.
                        await self.waitForOther(than: settings)
                        group.cancelAll()
                    }
                }
            }
        }
    }

    private func waitForOther(than settings: Settings?) async {
        while !Task.isCancelled, known.withLock({ $0.settings == settings }) {
            await changed.wait(atMost: .seconds(60))
        }
    }

    private func ask() async throws {
        let query = known.withLock { $0.revision }.map { "?wait=25&revision=\($0)" } ?? ""
        do {
            let answer = try await core.call(.GET, "/search/settings\(query)", timeout: .seconds(40), repeats: false)
            guard let tenant = answer["tenant"]?.stringValue, let revision = answer["revision"]?.stringValue else {
                throw CoreError(code: .refused, status: 200, description: "core's answer has no settings")
            }
            wishes.set(answer["rebuilds"]?.integerValue ?? 0)
            let settings = Settings(
                tenant: tenant, search: answer["search"].flatMap { SearchConfiguration($0) },
                sealed: answer["sealed"]?.stringValue, owner: answer["owner"]?.stringValue)
            known.withLock {
                $0.settings = settings
                $0.revision = revision
                $0.problem = nil
            }
            changed.wake()
        } catch {
            if !(error is CancellationError) { known.withLock { $0.problem = "\(error)" } }
            throw error
        }
    }

    /// Runs the index until cancelled.
    private func index(_ settings: Settings?) async {
        guard let settings, let search = settings.search else { return }
        var logger = dependencies.logger
        logger[metadataKey: "tenant"] = "\(settings.tenant)"
        let password: String?
        do {
            password = try dependencies.password(search, sealed: settings.sealed, tenant: settings.tenant)
        } catch {
            logger.error("the search server cannot be asked", metadata: ["error": "\(error)"])
            known.withLock { $0.mistake = "\(error)" }
            return
        }
        let server = SearchServer(search, password: password, http: dependencies.outbound)
        let target = IndexTarget(
            server: server, configuration: search,
            control: ControlDocument(server: server, alias: search.alias, owner: settings.owner),
            items: ItemSource(core: core), wishes: wishes, logger: logger)
        let state = ProjectionState()
        known.withLock {
            $0.mistake = nil
            $0.state = state
        }
        defer { known.withLock { $0.state = nil } }
        var parts = RunProjection.Parts(
            name: "search", tenant: settings.tenant, target: target, feed: CoreFeed(core: core),
            topics: dependencies.topics, redis: dependencies.redis, subscriber: dependencies.subscriber,
            redisPrefix: dependencies.redisPrefix, instance: dependencies.instance, leaseTime: dependencies.leaseTime)
        // An item is read again for each event: small steps keep a slow server's requests short.
        parts.limits.batch = 1000
        await IndexTenant(
            parts: parts, target: target, state: state, checks: dependencies.checks, logger: logger
        ).run()
    }
}
