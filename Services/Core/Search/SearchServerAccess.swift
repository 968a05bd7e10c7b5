import Domain
import Foundation
import SearchIndex
import ServiceKit
import Storage
import Synchronization

/// A tenant's search server, as its configuration and secret have it now; and whether it is worth asking.
final class SearchServerAccess: Sendable {
    private struct State {
        var server: SearchServer?
        var version: Int32 = 0
        var readAt: ContinuousClock.Instant?
        /// Until when it is not asked, and why.
        var rest: (until: ContinuousClock.Instant, reason: SearchIndexError)?
        var hasComplained = false
        /// When it was found how far the index is, and what is wrong with that.
        var standing: (version: Int32, at: ContinuousClock.Instant, problem: SearchIndexError?)?
    }

    private let state = Mutex(State())
    /// A secret that was replaced is taken up within this time.
    private static let freshness = Duration.seconds(5)
    /// How far the index is, is asked so often.
    private static let standingFreshness = Duration.seconds(1)
    /// Whoever does not answer is not asked for so long: not every search shall wait for it.
    private static let rest = Duration.seconds(2)

    /// The server, unless it rests.
    /// - Throws: `SearchIndexError`, `StorageError`.
    func server(_ configuration: SearchConfiguration, of runtime: TenantRuntime) async throws -> SearchServer {
        let now = ContinuousClock.now
        let version = runtime.snapshot.version
        let (known, rest) = state.withLock { state in
            let isFresh = state.version == version && state.readAt.map { now - $0 < Self.freshness } ?? false
            return (isFresh ? state.server : nil, state.version == version ? state.rest : nil)
        }
        if let rest, now < rest.until { throw rest.reason }
        if let known { return known }
        let server = SearchServer(
            configuration, password: try await Self.password(configuration, runtime),
            http: runtime.dependencies.outbound)
        state.withLock {
            $0.server = server
            $0.version = version
            $0.readAt = now
        }
        return server
    }

    private static func password(_ configuration: SearchConfiguration, _ runtime: TenantRuntime) async throws -> String?
    {
        guard let name = configuration.secret else { return nil }
        let boxes = try await MailboxSecrets(
            pool: runtime.dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name
        ).sealed()
        guard let box = boxes[name], let key = runtime.dependencies.secrets,
            let opened = try? key.open(box, for: SecretBox.purpose(tenant: runtime.name, secret: name)),
            let password = (try? JSONValue(parsing: opened))?["password"]?.stringValue
        else { throw SearchIndexError(.refused, "the secret \(name) is not there or cannot be opened") }
        return password
    }

    /// - Returns: whether this has not been complained about yet.
    func failed(_ error: SearchIndexError) -> Bool {
        state.withLock { state in
            let now = ContinuousClock.now
            // What was refused for its rest does not make the rest longer.
            let isResting = state.rest.map { now < $0.until } ?? false
            if !isResting, error.code == .timedOut || error.code == .unreachable {
                state.rest = (now + Self.rest, error)
            }
            defer { state.hasComplained = true }
            return !state.hasComplained
        }
    }

    /// What was found of the index' standing a moment ago; nil when that has to be looked at.
    func standing(_ version: Int32) -> Result<Void, SearchIndexError>? {
        state.withLock { state in
            guard let known = state.standing, known.version == version,
                ContinuousClock.now - known.at < Self.standingFreshness
            else { return nil }
            return known.problem.map { .failure($0) } ?? .success(())
        }
    }

    func noteStanding(_ problem: SearchIndexError?, _ version: Int32) {
        state.withLock { $0.standing = (version, .now, problem) }
    }

    func answered() {
        state.withLock {
            $0.rest = nil
            $0.hasComplained = false
        }
    }
}
