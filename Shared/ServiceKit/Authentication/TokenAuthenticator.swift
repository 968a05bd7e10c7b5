import Domain
import Foundation
import JWTKit
import Logging

/// What a token's tenant and subject stand for here.
public struct TokenIdentity: Sendable {
    /// The tenant's id.
    public var tenant: Int32
    /// The agent bound to this `sub`; nil: none.
    public var agent: String?
    /// The source bound to this `sub`; nil: any.
    public var source: String?

    /// Makes an identity.
    public init(tenant: Int32, agent: String? = nil, source: String? = nil) {
        self.tenant = tenant
        self.agent = agent
        self.source = source
    }
}

/// Finds the tenant of that name, and the agent bound to that subject in it; nil when there is no such tenant.
public typealias TokenIdentityLookup =
    @Sendable (_ tenantName: String, _ subject: String) async throws -> TokenIdentity?

/// Authenticates JSON Web Tokens of configured issuers: signature by the issuer's key set, algorithm from a fixed list,
/// `iss`, `aud`, `exp` and `nbf` (RFC 7519, RFC 8725).
public final class TokenAuthenticator: Authenticator {
    private let issuers: [String: (issuer: TokenIssuer, keys: KeySet)]
    private let identity: TokenIdentityLookup
    private let cache: CredentialCache
    private let now: @Sendable () -> Int64
    private let leeway: Int64

    /// - Parameters:
    ///   - fetch: gets a key set; give it `OutboundHTTP`, which asks the address guard.
    ///   - leeway: seconds that clocks may differ.
    ///   - keepFor: how long a token that was verified needs no second look.
    ///   - now: milliseconds since 1970.
    public init(
        issuers: [TokenIssuer], leeway: Int64 = 30, keepFor: Duration = .seconds(5), logger: Logger,
        now: @escaping @Sendable () -> Int64 = currentMilliseconds, fetch: @escaping KeySetFetch,
        identity: @escaping TokenIdentityLookup
    ) {
        self.issuers = Dictionary(
            issuers.map { ($0.issuer, ($0, KeySet(url: $0.keySetURL, logger: logger, fetch: fetch))) },
            uniquingKeysWith: { first, _ in first })
        self.identity = identity
        self.now = now
        self.leeway = leeway
        cache = CredentialCache(keepFor: keepFor, capacity: 10_000)
    }

    /// See ``Authenticator``.
    public func principal(for credential: String) async throws -> Principal? {
        guard credential.utf8.lazy.filter({ $0 == UInt8(ascii: ".") }).count == 2 else { return nil }
        let digest = CredentialCache.Digest(credential)
        if case .known(let principal, let expires) = cache.find(digest) {
            guard let expires, expires > now() else { throw Problem.unauthorized("The token has expired.") }
            return principal
        }
        let generation = cache.generation
        let token = try SignedToken(credential)
        guard let issuer = token.claims["iss"]?.stringValue, let known = issuers[issuer] else {
            throw Problem.unauthorized("The token's issuer is not one that is accepted here.")
        }
        let key = try await known.keys.key(id: token.keyID, algorithm: token.algorithm)
        guard (try? key.verify(token.signature, signs: token.signed)) == true else {
            throw Problem.unauthorized("The token's signature does not hold.")
        }
        let claims = TokenClaims(token.claims)
        let expires = try claims.check(audience: known.issuer.audience, now: now(), leeway: leeway)
        let tenantName = try claims.tenant(known.issuer)
        let subject = try claims.subject()
        guard let identity = try await identity(tenantName, subject) else {
            throw Problem.unauthorized("The token's tenant is not known here.")
        }
        let principal = Principal(
            tenant: identity.tenant, tenantName: tenantName, subject: subject, roles: claims.roles(known.issuer),
            source: identity.source, agent: identity.agent)
        cache.keep(digest, principal, expires: expires, asOf: generation)
        return principal
    }

    /// Forgets what tokens stood for, after the binding of agents to subjects changed.
    public func forgetAll() { cache.forget { _ in true } }
}
