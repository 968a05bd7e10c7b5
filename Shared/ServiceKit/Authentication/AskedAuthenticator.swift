/// Authenticates by asking somebody who knows, such as the service that keeps the keys; an answer is remembered for a
/// few seconds, so that a revoked credential works that much longer.
public final class AskedAuthenticator: Authenticator {
    /// Whom a credential belongs to; nil when it does not hold.
    public typealias Ask = @Sendable (_ credential: String) async throws -> Principal?

    private let ask: Ask
    private let cache: CredentialCache

    /// - Parameters:
    ///   - keepFor: how long an answer holds.
    ///   - ask: finds out; what it throws reaches the caller.
    public init(keepFor: Duration = .seconds(5), ask: @escaping Ask) {
        self.ask = ask
        cache = CredentialCache(keepFor: keepFor, capacity: 10_000)
    }

    /// See ``Authenticator``.
    public func principal(for credential: String) async throws -> Principal? {
        let digest = CredentialCache.Digest(credential)
        switch cache.find(digest) {
        case .known(let principal, _): return principal
        case .refused: throw Self.invalid
        case .unknown: break
        }
        let generation = cache.generation
        guard let principal = try await ask(credential) else {
            cache.refuse(digest, asOf: generation)
            throw Self.invalid
        }
        cache.keep(digest, principal, expires: nil, asOf: generation)
        return principal
    }

    private static var invalid: Problem { .unauthorized("The credential is unknown, revoked or expired.") }
}
