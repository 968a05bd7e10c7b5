import Coordination
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// What every part of the core service works with.
public struct CoreDependencies: Sendable {
    public let pool: PostgresPool
    public let redis: RedisClient
    public let subscriber: RedisSubscriber
    public let producer: KafkaProducer
    public let topics: Topics
    public let outbound: OutboundHTTP
    public let instance: String
    public let redisPrefix: String
    public let leaseTime: Duration
    /// For tenants whose configuration has none.
    public let defaultQuota: Quota?
    /// Without poll, stream or heartbeat for so long, an agent is gone.
    public let agentSilence: Duration
    /// By the name that a source's `secretRef` gives.
    public let webhookSecrets: [String: String]
    /// Seals mailboxes' secrets and signs reply tokens; nil without a key.
    public let secrets: SecretBox?
    public let logger: Logger

    public init(
        pool: PostgresPool, redis: RedisClient, subscriber: RedisSubscriber, producer: KafkaProducer, topics: Topics,
        outbound: OutboundHTTP, instance: String, redisPrefix: String, leaseTime: Duration, defaultQuota: Quota?,
        agentSilence: Duration,
        webhookSecrets: [String: String], secrets: SecretBox? = nil, logger: Logger
    ) {
        self.pool = pool
        self.redis = redis
        self.subscriber = subscriber
        self.producer = producer
        self.topics = topics
        self.outbound = outbound
        self.instance = instance
        self.redisPrefix = redisPrefix
        self.leaseTime = leaseTime
        self.defaultQuota = defaultQuota
        self.agentSilence = agentSilence
        self.webhookSecrets = webhookSecrets
        self.secrets = secrets
        self.logger = logger
    }
}

extension Instant {
    /// The wall clock.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
