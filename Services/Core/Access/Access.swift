import Coordination
import Domain
import Foundation
import Logging
import ServiceKit
import Storage

/// Who may come in: API keys from PostgreSQL, tokens of the configured issuers.
struct Access: Sendable {
    let keys: APIKeyStore
    let authenticator: AuthenticatorChain
    private let byKey: APIKeyAuthenticator
    private let dependencies: CoreDependencies

    init(dependencies: CoreDependencies, tenants: TenantDirectory, issuers: [TokenIssuer]) {
        self.dependencies = dependencies
        let store = APIKeyStore(pool: dependencies.pool)
        let outbound = dependencies.outbound
        let byKey = APIKeyAuthenticator { hash in try await store.record(hash: hash) }
        let byToken = TokenAuthenticator(
            issuers: issuers, logger: dependencies.logger, fetch: { try await outbound.get($0) },
            identity: { tenantName, subject in
                guard let runtime = tenants.runtime(named: tenantName) else { return nil }
                let agent = runtime.snapshot.agents.values.first { $0.subject == subject }
                return TokenIdentity(tenant: runtime.tenant, agent: agent?.key)
            })
        self.byKey = byKey
        keys = APIKeyStore(pool: dependencies.pool) { id in
            byKey.forget(keyID: id)
            // Should this be lost, the other instances forget the key within seconds by themselves.
            _ = try? await dependencies.redis.command(["PUBLISH", .string(Self.channel(dependencies)), .string(id)])
        }
        authenticator = AuthenticatorChain([byKey, byToken])
    }

    private static func channel(_ dependencies: CoreDependencies) -> String {
        "\(dependencies.redisPrefix)keys:revoked"
    }

    /// Forgets keys that were revoked on other instances, until cancelled.
    func watchRevocations() async {
        for await notice in dependencies.subscriber.subscribe(Self.channel(dependencies)) {
            switch notice {
            case .message(let id): byKey.forget(keyID: String(decoding: id, as: UTF8.self))
            // Messages may have been missed.
            case .subscribed: byKey.forgetAll()
            }
        }
    }
}
