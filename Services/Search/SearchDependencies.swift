import Coordination
import Domain
import Foundation
import Logging
import Projection
import SearchIndex
import ServiceKit

/// What every tenant's index works with.
struct SearchDependencies: Sendable {
    let redis: RedisClient
    let subscriber: RedisSubscriber
    /// The topics of events, read once for all tenants.
    let topics: ReadTopics
    /// For addresses of a configuration.
    let outbound: OutboundHTTP
    let secrets: SecretBox?
    let instance: String
    let redisPrefix: String
    let leaseTime: Duration
    let checks: CheckTimes
    let logger: Logger

    /// The password or API key of a tenant's search server; nil when it asks for none.
    /// - Throws: `SearchIndexError` when it cannot be opened.
    func password(_ search: SearchConfiguration, sealed: String?, tenant: String) throws -> String? {
        guard let name = search.secret else { return nil }
        guard let secrets else {
            throw SearchIndexError(.refused, "MILLRACE_SECRETS_KEY is not set, so the secret \(name) cannot be opened")
        }
        guard let box = sealed.flatMap({ Data(base64Encoded: $0) }),
            let opened = try? secrets.open(Array(box), for: SecretBox.purpose(tenant: tenant, secret: name)),
            let password = (try? JSONValue(parsing: opened))?["password"]?.stringValue
        else { throw SearchIndexError(.refused, "the secret \(name) is not there, or sealed under another key") }
        KnownSecrets.shared.add(password)
        return password
    }
}
