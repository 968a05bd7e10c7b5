import AsyncHTTPClient
import Coordination
import Logging
import Messaging
import Projection
import SearchIndex
import ServiceKit

/// The search service: keeps tenants' work items and their messages in Elasticsearch or OpenSearch. A hot standby: every
/// instance reads the events, and for each tenant the one that is elected writes.
public struct SearchService: Sendable {
    private let configuration: SearchServiceConfiguration
    private let metrics: PrometheusMetrics
    private let logger: Logger

    /// - Parameter metrics: where the service's metrics go.
    public init(configuration: SearchServiceConfiguration, metrics: PrometheusMetrics, logger: Logger) {
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
    }

    /// Runs until stopped by a signal.
    /// - Parameter answersHealth: false in a process where another service answers for metrics and health.
    public func run(answersHealth: Bool = true) async throws {
        let shared = configuration.shared
        let redis = try RedisClient(url: shared.redis.url, connections: 2, logger: logger)
        let subscriber = try RedisSubscriber(url: shared.redis.url, logger: logger)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: CoreClient.http)
        let outbound = OutboundHTTP(guard: AddressGuard(allow: shared.outboundAllow))
        let topics = ReadTopics(
            connection: shared.kafka.connection(instance: shared.instance), prefix: shared.kafka.prefix, logger: logger)
        let dependencies = SearchDependencies(
            redis: redis, subscriber: subscriber, topics: topics, outbound: outbound,
            secrets: shared.secretsKey.map { SecretBox(key: $0) }, instance: shared.instance,
            redisPrefix: shared.redis.prefix, leaseTime: shared.leaseTTL, checks: configuration.checks,
            logger: logger)
        let watches = configuration.keys.map { key in
            WatchSettings(
                core: CoreClient(
                    http: http, addresses: configuration.core, key: key, measure: IndexMetrics.coreAnswered),
                dependencies: dependencies)
        }
        IndexMetrics.register(metrics, tenants: { watches.count(where: \.isInUse) })
        var components: [ServiceComponent] = [
            .closing("http client") { try? await http.shutdown() },
            ServiceComponent("outbound", outbound),
            .closing("redis") {
                await subscriber.close()
                await redis.close()
            },
        ]
        if answersHealth {
            components.append(
                .operations(checks(redis, topics, watches), metrics, at: shared.metrics, logger: logger))
        }
        components.append(.running("topics") { await topics.run() })
        for watch in watches { components.append(.running("index") { await watch.run() }) }
        try await ServiceRunner(components, stopWithin: shared.shutdownTimeout, logger: logger).run()
    }

    private func checks(_ redis: RedisClient, _ topics: ReadTopics, _ watches: [WatchSettings]) -> HealthChecks {
        HealthChecks([
            HealthCheck("redis") { try await redis.command(["PING"]) },
            HealthCheck("core", trouble: { HealthCheck.summary(watches.compactMap(\.problem)) }),
            // Events come from the feed while Kafka is away.
            HealthCheck("kafka", isRequired: false, trouble: { topics.trouble }),
            // An instance that is left out helps no server that is away.
            HealthCheck(
                "search servers", isRequired: false, trouble: { HealthCheck.summary(watches.compactMap(\.trouble)) }),
        ])
    }
}
