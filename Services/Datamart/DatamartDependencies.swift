import Coordination
import Domain
import Logging
import Projection
import ServiceKit

/// What every part of the data mart works with.
struct DatamartDependencies: Sendable {
    let redis: RedisClient
    let subscriber: RedisSubscriber
    let topics: ReadTopics
    let addressGuard: AddressGuard
    let secrets: SecretBox?
    /// PEM file of certificates to check databases against; nil: they are not checked.
    let certificates: String?
    /// The role of BI tools.
    let reader: String
    let instance: String
    let redisPrefix: String
    let leaseTime: Duration
    let logger: Logger

    /// The database of a tenant's mart.
    func database(_ section: TenantSettings.Section, _ logger: Logger) async throws -> MartDatabase {
        try await MartDatabase(
            section, guard: addressGuard, secrets: secrets, certificates: certificates, instance: instance,
            logger: logger)
    }

    /// The parts of a tenant's projection.
    func projection(of tenant: String, into mart: RebuildableMart, _ feed: CoreFeed) -> RunProjection.Parts {
        RunProjection.Parts(
            name: "mart", tenant: tenant, target: mart, feed: feed, topics: topics, redis: redis,
            subscriber: subscriber, redisPrefix: redisPrefix, instance: instance, leaseTime: leaseTime)
    }
}
