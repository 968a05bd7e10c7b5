import Coordination
import Domain
import Logging
import Messaging
import ServiceKit
import Storage

/// The core service: captures, classifies, ranks and distributes work. Any number of instances, all active.
public struct CoreService: Sendable {
    private let configuration: ServiceConfiguration
    private let webhookSecrets: [String: String]
    private let contentFolder: ContentFolder?
    private let metrics: PrometheusMetrics
    private let logger: Logger

    /// Connects to nothing before it runs.
    public init(configuration: CoreConfiguration, metrics: PrometheusMetrics, logger: Logger) {
        self.configuration = configuration.shared
        self.webhookSecrets = configuration.webhookSecrets
        contentFolder = configuration.contentFolder.map {
            ContentFolder(path: $0, takesNew: configuration.contentStore == .folder, logger: logger)
        }
        self.metrics = metrics
        self.logger = logger
    }

    /// Runs until stopped by a signal.
    public func run() async throws {
        let kafka = KafkaConfiguration(configuration.kafka, instance: configuration.instance)
        let topics = Topics(prefix: configuration.kafka.prefix)
        let pool = try PostgresPool(
            url: configuration.database.url, size: configuration.database.poolSize,
            applicationName: "millrace core \(configuration.instance)", logger: logger)
        let redis = try RedisClient(url: configuration.redis.url, connections: 3, logger: logger)
        let subscriber = try RedisSubscriber(url: configuration.redis.url, logger: logger)
        let producer = try KafkaProducer(
            configuration: ProducerConfiguration(
                connection: kafka, topics: topics.all.map { kafka.topic($0) },
                // Events and replies are much alike; brokers keep them as they come.
                properties: ["compression.type": "lz4"]),
            logger: logger)
        let outbound = OutboundHTTP(guard: AddressGuard(allow: configuration.outboundAllow))
        let dependencies = CoreDependencies(
            pool: pool, redis: redis, subscriber: subscriber, producer: producer, topics: topics, outbound: outbound,
            instance: configuration.instance, redisPrefix: configuration.redis.prefix,
            leaseTime: configuration.leaseTTL, defaultQuota: configuration.defaultQuota,
            agentSilence: configuration.agentSilence, webhookSecrets: webhookSecrets,
            secrets: configuration.secretsKey.map { SecretBox(key: $0) }, contentFolder: contentFolder, logger: logger)
        let tenants = TenantDirectory(dependencies: dependencies)
        let deadLetters = DeadLetters(
            pool: pool, producer: producer, tenants: tenants, fallbackTenant: configuration.deadLetterTenant,
            logger: logger)
        let consumers = CommandConsumers(
            tenants: tenants, dependencies: dependencies, deadLetters: deadLetters, connection: kafka,
            takesShared: configuration.kafka.takesSharedCommands,
            keeper: configuration.kafka.security.protocol == .plaintext
                ? KeepGroup(
                    connection: kafka, group: CommandConsumers.group(topics), dependencies: dependencies) : nil)
        let access = Access(dependencies: dependencies, tenants: tenants, issuers: configuration.tokenIssuers)
        let api = CoreAPI(
            tenants: tenants, dependencies: dependencies, keys: access.keys, deadLetters: deadLetters,
            cursor: PageCursor(secret: configuration.database.url))
        let kafkaWatch = WatchKafka(connection: kafka, topics: topics, logger: logger)
        CoreMetrics.register(metrics, tenants: tenants, pool: pool, kafka: kafkaWatch)

        let schema = try Migrations(CoreSchema.migrations)
        let required = [
            HealthCheck("database") { _ = try await pool.query("SELECT 1") },
            HealthCheck("schema") { _ = try await schema.check(on: pool) },
            HealthCheck("redis") { try await redis.command(["PING"]) },
            HealthCheck("tenants") { guard tenants.isReady else { throw NotReady.tenantsNotRead } },
        ]
        let version = HealthCheck("version", isRequired: false) {
            guard let newer = try await schema.check(on: pool).first else { return }
            throw NotReady.olderThanDatabase(newer)
        }
        let configurations = HealthCheck("configurations", isRequired: false, trouble: { tenants.trouble })
        let folder = contentFolder.map { folder in
            HealthCheck("contents", isRequired: false) { try await folder.check() }
        }
        let health = HealthChecks(
            required + [version, configurations] + kafkaWatch.checks + [folder].compactMap(\.self))
        var routes = api.routes
        health.addRoutes(to: &routes)
        let http = HTTPService(
            configuration: configuration.http, routes: routes, authenticator: access.authenticator,
            problems: CoreAPI.problem, logger: logger)

        try await ServiceRunner(
            [
                .closing("database") { await pool.close() },
                .closing("redis") {
                    await subscriber.close()
                    await redis.close()
                },
                .closing("kafka producer") { await producer.close() },
                .closing("contents") { [contentFolder] in await contentFolder?.close() },
                ServiceComponent("outbound", outbound),
                .operations(health, metrics, at: configuration.metrics, logger: logger),
                .running("kafka watch") { await kafkaWatch.run() },
                .running("tenants") { await tenants.run() },
                .running("revoked keys") { await access.watchRevocations() },
                ServiceComponent("commands") { await consumers.run() },
                .serving("http", http),
            ], stopWithin: configuration.shutdownTimeout, logger: logger
        ).run()
    }
}

enum NotReady: Error, CustomStringConvertible {
    case tenantsNotRead
    case olderThanDatabase(Int32)

    var description: String {
        switch self {
        case .tenantsNotRead: "the tenants have not been read yet"
        case .olderThanDatabase(let migration):
            "the database has migration \(migration) of a newer version; replace this instance"
        }
    }
}

extension KafkaConfiguration {
    /// What a topic of ours should be when it has to be created.
    func topic(_ name: String) -> TopicSpecification {
        TopicSpecification(
            name: name, partitions: topicDefaults.partitions, replication: topicDefaults.replication)
    }

    init(_ settings: ServiceConfiguration.Kafka, instance: String) {
        self.init(
            bootstrapServers: settings.bootstrap, clientIdentifier: instance, properties: settings.clientProperties,
            topicDefaults: TopicSpecification(
                name: "", partitions: Int32(settings.partitions), replication: Int32(settings.replication)))
    }
}
