import Domain
import Foundation

/// Authenticates API keys. A key found is remembered for a few seconds, so a revoked one works that much longer unless
/// it is forgotten by name.
public final class APIKeyAuthenticator: Authenticator {
    private let lookup: APIKeyLookup
    private let cache: CredentialCache
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - keepFor: how long an answer of `lookup` holds.
    ///   - capacity: keys remembered at most.
    ///   - now: milliseconds since 1970.
    public init(
        keepFor: Duration = .seconds(5), capacity: Int = 10_000,
        now: @escaping @Sendable () -> Int64 = currentMilliseconds, lookup: @escaping APIKeyLookup
    ) {
        self.lookup = lookup
        self.now = now
        cache = CredentialCache(keepFor: keepFor, capacity: capacity)
    }

    /// See ``Authenticator``.
    public func principal(for credential: String) async throws -> Principal? {
        guard credential.hasPrefix(APIKey.prefix) else { return nil }
        let digest = CredentialCache.Digest(credential)
        switch cache.find(digest) {
        case .known(let principal, let expires): return try valid(principal, expires)
        case .refused: throw Self.invalid
        case .unknown: break
        }
        guard let hash = APIKey.hash(of: credential) else { throw Self.invalid }
        let generation = cache.generation
        guard let record = try await lookup(hash), constantTimeEqual(record.hash[...], hash[...]) else {
            cache.refuse(digest, asOf: generation)
            throw Self.invalid
        }
        cache.keep(digest, record.principal, expires: record.expires, asOf: generation)
        return try valid(record.principal, record.expires)
    }

    /// Forgets a key that was revoked or changed, so that the next request looks it up.
    public func forget(keyID: String) { cache.forget { $0.keyID == keyID } }

    /// Forgets every key.
    public func forgetAll() { cache.forget { _ in true } }

    private func valid(_ principal: Principal, _ expires: Int64?) throws(Problem) -> Principal {
        if let expires, expires <= now() { throw .unauthorized("The API key has expired; use its successor.") }
        return principal
    }

    private static var invalid: Problem { .unauthorized("The API key is unknown or revoked.") }
}
