import Coordination
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// What every part of the core service works with.
package struct CoreDependencies: Sendable {
    package let pool: PostgresPool
    package let redis: RedisClient
    package let subscriber: RedisSubscriber
    package let producer: KafkaProducer
    package let topics: Topics
    package let outbound: OutboundHTTP
    package let instance: String
    package let redisPrefix: String
    package let leaseTime: Duration
    /// For tenants whose configuration has none.
    package let defaultQuota: Quota?
    /// Without poll, stream or heartbeat for so long, an agent is gone.
    package let agentSilence: Duration
    /// The installation's, by the name that a source's `secretRef` gives; `tenant/name` is one tenant's alone.
    package let webhookSecrets: [String: String]
    /// Seals mailboxes' secrets and signs reply tokens; nil without a key.
    package let secrets: SecretBox?
    /// Where contents are files; nil where none is named.
    package let contentFolder: ContentFolder?
    package let logger: Logger

    package init(
        pool: PostgresPool, redis: RedisClient, subscriber: RedisSubscriber, producer: KafkaProducer, topics: Topics,
        outbound: OutboundHTTP, instance: String, redisPrefix: String, leaseTime: Duration, defaultQuota: Quota?,
        agentSilence: Duration, webhookSecrets: [String: String], secrets: SecretBox? = nil,
        contentFolder: ContentFolder? = nil, logger: Logger
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
        self.contentFolder = contentFolder
        self.logger = logger
    }
}
