import AsyncHTTPClient
import Coordination
import Logging
import Messaging
import Metrics
import Projection
import ServiceKit

/// The data mart: what happened, in tables for reports. A hot standby: every instance reads, and for each tenant the one
/// that is elected writes.
public struct DatamartService: Sendable {
    private let configuration: DatamartServiceConfiguration
    private let metrics: PrometheusMetrics
    private let logger: Logger

    /// - Parameter metrics: where the service's metrics go.
    public init(configuration: DatamartServiceConfiguration, metrics: PrometheusMetrics, logger: Logger) {
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
        let topics = ReadTopics(
            connection: shared.kafka.connection(instance: shared.instance), prefix: shared.kafka.prefix, logger: logger)
        let dependencies = DatamartDependencies(
            redis: redis, subscriber: subscriber, topics: topics,
            addressGuard: AddressGuard(allow: shared.outboundAllow),
            secrets: shared.secretsKey.map { SecretBox(key: $0) }, certificates: configuration.certificates,
            reader: configuration.reader, instance: shared.instance, redisPrefix: shared.redis.prefix,
            leaseTime: shared.leaseTTL, logger: logger)
        let marts = Marts()
        let holders = configuration.keys.map { key in
            HoldMart(
                client: CoreClient(
                    http: http, addresses: configuration.core, key: key, measure: DatamartMetrics.coreAnswered),
                dependencies: dependencies, marts: marts)
        }
        DatamartMetrics.register(metrics, held: { marts.held })
        var components: [ServiceComponent] = [
            .closing("http client") { try? await http.shutdown() },
            .closing("redis") {
                await subscriber.close()
                await redis.close()
            },
        ]
        if answersHealth {
            components.append(.operations(checks(redis, topics, marts), metrics, at: shared.metrics, logger: logger))
        }
        components.append(.running("topics") { await topics.run() })
        for holder in holders { components.append(.running("mart") { await holder.run() }) }
        components.append(api(http, marts))
        try await ServiceRunner(components, stopWithin: shared.shutdownTimeout, logger: logger).run()
    }

    private func api(_ client: HTTPClient, _ marts: Marts) -> ServiceComponent {
        let api = DatamartAPI(
            marts: { marts.served($0) }, troubles: { marts.trouble(of: $0) },
            cursor: PageCursor(secret: configuration.keys.sorted().joined(separator: ",")))
        let settings = HTTPServiceConfiguration(host: configuration.shared.http.host, port: configuration.httpPort)
        let access = CoreAccess(http: client, addresses: configuration.core)
        let server = HTTPService(
            configuration: settings, routes: api.routes,
            authenticator: AskedAuthenticator { try await access.principal(of: $0) },
            problems: DatamartAPI.problem, logger: logger)
        return .serving("http", server)
    }

    private func checks(_ redis: RedisClient, _ topics: ReadTopics, _ marts: Marts) -> HealthChecks {
        HealthChecks([
            HealthCheck("redis") { try await redis.command(["PING"]) },
            // Events come from the feed while Kafka is away.
            HealthCheck("kafka", isRequired: false, trouble: { topics.trouble }),
            // An instance that is left out helps no mart whose database is away.
            HealthCheck("marts", isRequired: false, trouble: { HealthCheck.summary(marts.troubles) }),
            // Where mart and core count otherwise, whatever was asked of it can be answered all the same.
            HealthCheck("figures", isRequired: false, trouble: { HealthCheck.summary(marts.disagreements) }),
        ])
    }
}

/// The service's own metrics; projections and jobs have theirs.
enum DatamartMetrics {
    @Sendable static func coreAnswered(_ status: String) {
        Counter(label: "datamart_core_requests_total", dimensions: [("status", status)]).increment()
    }

    /// Says what they mean.
    static func register(_ metrics: PrometheusMetrics, held: @escaping @Sendable () -> Int) {
        metrics.describe("datamart_core_requests_total", "Requests to core, by status.")
        metrics.gauge("datamart_marts_held", help: "Marts that this instance writes.") { Double(held()) }
        ProjectionMetrics.describe(metrics)
        JobMetrics.register(metrics)
    }
}
