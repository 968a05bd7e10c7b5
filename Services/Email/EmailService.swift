import AsyncHTTPClient
import Coordination
import Domain
import EmailMessages
import Foundation
import Logging
import ServiceKit

/// The email service: takes mailboxes' messages in as work and sends what agents answer. Any number of instances; each
/// mailbox is held by one of them under a lease.
///
/// It keeps nothing of its own: mailboxes, progress, messages and contents are core's, reached by its API.
public struct EmailService: Sendable {
    private let configuration: EmailConfiguration
    private let metrics: PrometheusMetrics
    private let logger: Logger

    /// - Parameter metrics: where the service's metrics go.
    public init(configuration: EmailConfiguration, metrics: PrometheusMetrics, logger: Logger) {
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
        let threads = MessageThreads(count: 3)
        let spool = try Self.makeSpool(in: configuration.spool, instance: shared.instance)
        let outbound = OutboundHTTP(guard: AddressGuard(allow: shared.outboundAllow))
        let secrets = shared.secretsKey.map { SecretBox(key: $0) }
        let dependencies = EmailDependencies(
            redis: redis, subscriber: subscriber, addressGuard: AddressGuard(allow: shared.outboundAllow),
            http: outbound, threads: threads, secrets: secrets,
            tokens: OAuthTokens(http: outbound, keeper: RefreshTokenKeeper(box: secrets, logger: logger)), spool: spool,
            certificates: configuration.certificates, instance: shared.instance, redisPrefix: shared.redis.prefix,
            leaseTime: shared.leaseTTL, taking: Slots(4, lending: 16 << 20),
            reconcileEvery: configuration.reconcileEvery, logger: logger)
        let registry = HeldMailboxes()
        let roster = MailboxRoster(dependencies: dependencies, registry: registry)
        let watches = configuration.keys.map { key in
            WatchWork(
                client: CoreClient(
                    http: http, addresses: configuration.core, key: key, measure: EmailMetrics.coreAnswered),
                roster: roster,
                registry: registry, dependencies: dependencies)
        }
        EmailMetrics.register(metrics, held: { registry.count })
        var components: [ServiceComponent] = [
            .closing("http client") { try? await http.shutdown() },
            .closing("message threads") { threads.stop() },
            ServiceComponent("outbound", outbound),
            .closing("spool") { try? FileManager.default.removeItem(atPath: spool) },
            .closing("redis") {
                await subscriber.close()
                await redis.close()
            },
        ]
        if answersHealth {
            components.append(
                .operations(checks(redis, watches, registry), metrics, at: shared.metrics, logger: logger))
        }
        let instances = WatchInstances(dependencies: dependencies, roster: roster)
        components.append(.running("mailboxes") { await roster.run() })
        components.append(.running("instances") { await instances.run() })
        for watch in watches { components.append(.running("work") { await watch.run() }) }
        try await ServiceRunner(components, stopWithin: shared.shutdownTimeout, logger: logger).run()
    }

    private func checks(
        _ redis: RedisClient, _ watches: [WatchWork], _ registry: HeldMailboxes
    ) -> HealthChecks {
        HealthChecks([
            HealthCheck("redis") { try await redis.command(["PING"]) },
            HealthCheck("core", trouble: { HealthCheck.summary(watches.compactMap(\.problem)) }),
            // An instance that is left out helps no mailbox whose password is wrong.
            HealthCheck(
                "mailboxes", isRequired: false,
                trouble: {
                    let failing = await registry.failing()
                    return HealthCheck.summary(failing, separator: ", ").map {
                        "\(failing.count) do not work: \($0); GET /mailboxes says why"
                    }
                }),
        ])
    }

    /// A folder of this instance's own, empty: what an earlier run left is of no use.
    private static func makeSpool(in folder: String, instance: String) throws -> String {
        let spool = "\(folder)/millrace-email-\(instance)"
        forgetOldSpools(in: folder)
        try? FileManager.default.removeItem(atPath: spool)
        try FileManager.default.createDirectory(
            atPath: spool, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return spool
    }

    /// Removes what instances of other names have left that went without cleaning up.
    private static func forgetOldSpools(in folder: String) {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix("millrace-email-") {
            let changed = (try? files.attributesOfItem(atPath: "\(folder)/\(name)"))?[.modificationDate] as? Date
            if let changed, changed.timeIntervalSinceNow < -86_400 {
                try? files.removeItem(atPath: "\(folder)/\(name)")
            }
        }
    }
}
