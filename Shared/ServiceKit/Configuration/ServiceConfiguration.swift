import Foundation
import Logging

/// What every service is told at start, read once. See ``ConfigurationKeys`` for the keys.
public struct ServiceConfiguration: Sendable {
    /// Dependencies that a service cannot start without.
    public struct Needs: OptionSet, Sendable {
        /// The bits.
        public let rawValue: Int
        /// From bits.
        public init(rawValue: Int) { self.rawValue = rawValue }
        /// PostgreSQL.
        public static let database = Needs(rawValue: 1)
        /// Redis.
        public static let redis = Needs(rawValue: 2)
        /// Kafka.
        public static let kafka = Needs(rawValue: 4)
        /// All three.
        public static let all: Needs = [.database, .redis, .kafka]
    }

    /// PostgreSQL.
    public struct Database: Sendable {
        /// As the role that owns nothing.
        public var url: String
        /// As the owner, for migrations.
        public var ownerURL: String
        /// Connections.
        public var poolSize: Int
    }

    /// Redis.
    public struct Redis: Sendable {
        /// Address.
        public var url: String
        /// Put before every key.
        public var prefix: String
    }

    /// Kafka.
    public struct Kafka: Sendable {
        /// First brokers, `host:port` separated by commas.
        public var bootstrap: String
        /// Put before the name of every topic and group.
        public var prefix: String
        /// Partitions of topics that are created.
        public var partitions: Int
        /// Replicas of topics that are created.
        public var replication: Int
        /// How brokers are spoken to.
        public var security: KafkaSecurity
        /// Whether commands are taken from the topic that all trusted producers share.
        public var takesSharedCommands: Bool

        /// The client library's own settings for it.
        public var clientProperties: [String: String] {
            var properties = ["security.protocol": security.protocol.rawValue]
            if security.protocol.usesSASL {
                properties["sasl.mechanism"] = security.mechanism.rawValue
                properties["sasl.username"] = security.username
                properties["sasl.password"] = security.password
            }
            if let certificates = security.certificates { properties["ssl.ca.location"] = certificates }
            return properties
        }
    }

    /// How brokers are spoken to.
    public struct KafkaSecurity: Sendable {
        /// Plain or TLS, with or without SASL.
        public var `protocol`: KafkaSecurityProtocol
        /// SASL mechanism.
        public var mechanism: KafkaMechanism
        /// SASL user name; nil without SASL.
        public var username: String?
        /// SASL password; nil without SASL.
        public var password: String?
        /// PEM file of certificates to trust; nil: the system's.
        public var certificates: String?
    }

    /// PostgreSQL.
    public var database: Database
    /// Redis.
    public var redis: Redis
    /// Kafka.
    public var kafka: Kafka
    /// Where HTTP listens.
    public var http: HTTPServiceConfiguration
    /// Where metrics and health listen.
    public var metrics: HTTPServiceConfiguration
    /// Least level that is logged.
    public var logLevel: Logger.Level
    /// Name of this instance.
    public var instance: String
    /// Issuers whose tokens are accepted.
    public var tokenIssuers: [TokenIssuer]
    /// What may be called.
    public var outboundAllow: [AddressGuard.Entry]
    /// How long a lease outlives its holder.
    public var leaseTTL: Duration
    /// How long a graceful stop may take.
    public var shutdownTimeout: Duration
    /// Tenant whose operators see messages that name no known tenant.
    public var deadLetterTenant: String?
    /// Work items that a tenant may submit; nil: no limit.
    public var defaultQuota: Quota?
    /// Without poll, stream or heartbeat for so long, an agent is gone.
    public var agentSilence: Duration
    /// Key that mailboxes' secrets are sealed with; nil: there are none.
    public var secretsKey: [UInt8]?
    /// Each key with its value as it may be printed, and where it came from.
    public var effective: [(key: String, value: String, origin: String)]

    /// Reads environment and file.
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    public static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment, needs: Needs = .all,
        otherKeys: [ConfigurationKeyDescription] = []
    ) throws(ConfigurationError) -> ServiceConfiguration {
        var source = ConfigurationSource(environment: environment, keys: ConfigurationKeys.all + otherKeys)
        let configuration = ServiceConfiguration(from: &source, needs: needs)
        try source.finish()
        return configuration
    }

    /// Reads from a source that also serves other structs; call the source's `finish()` before use.
    public init(from source: inout ConfigurationSource, needs: Needs = .all) {
        typealias Keys = ConfigurationKeys
        func address(_ key: ConfigurationKey<String>, _ need: Needs) -> String {
            needs.contains(need) ? source.required(key, placeholder: "") : source.optional(key) ?? ""
        }
        let databaseURL = address(Keys.databaseURL, .database)
        database = Database(
            url: databaseURL, ownerURL: source.optional(Keys.databaseOwnerURL) ?? databaseURL,
            poolSize: source.required(Keys.databasePool, placeholder: 1))
        redis = Redis(url: address(Keys.redisURL, .redis), prefix: source.required(Keys.redisPrefix, placeholder: ""))
        kafka = Kafka(
            bootstrap: address(Keys.kafkaBootstrap, .kafka), prefix: source.required(Keys.kafkaPrefix, placeholder: ""),
            partitions: source.required(Keys.kafkaPartitions, placeholder: 1),
            replication: source.required(Keys.kafkaReplication, placeholder: 1), security: Self.security(&source),
            takesSharedCommands: source.required(Keys.sharedCommandTopic, placeholder: true))
        let host = source.required(Keys.httpHost, placeholder: "127.0.0.1")
        http = HTTPServiceConfiguration(host: host, port: source.required(Keys.httpPort, placeholder: 0))
        metrics = HTTPServiceConfiguration(host: host, port: source.required(Keys.metricsPort, placeholder: 0))
        if http.port == metrics.port, http.port != 0 {
            source.refuse(Keys.metricsPort, "must differ from \(Keys.httpPort.description.environment)")
        }
        logLevel = source.required(Keys.logLevel, placeholder: .info)
        instance = source.optional(Keys.instance) ?? Self.defaultInstance
        tokenIssuers = source.required(Keys.jwtIssuers, placeholder: [])
        outboundAllow = source.required(Keys.outboundAllow, placeholder: [])
        leaseTTL = source.required(Keys.leaseTTL, placeholder: .seconds(3))
        shutdownTimeout = source.required(Keys.shutdownTimeout, placeholder: .seconds(25))
        deadLetterTenant = source.optional(Keys.deadLetterTenant)
        defaultQuota = source.optional(Keys.defaultQuota) ?? nil
        agentSilence = source.required(Keys.agentSilence, placeholder: .seconds(60))
        secretsKey = source.optional(Keys.secretsKey)
        let addressGuard = AddressGuard(allow: outboundAllow)
        for issuer in tokenIssuers {
            guard let url = OutboundURL(issuer.keySetURL), !addressGuard.couldAdmit(url) else { continue }
            source.refuse(
                Keys.jwtIssuers,
                "names \(url.host):\(url.port), which \(Keys.outboundAllow.description.environment) does not admit")
        }
        effective = source.effective
    }

    private static func security(_ source: inout ConfigurationSource) -> KafkaSecurity {
        typealias Keys = ConfigurationKeys
        let security = KafkaSecurity(
            protocol: source.required(Keys.kafkaSecurityProtocol, placeholder: .plaintext),
            mechanism: source.required(Keys.kafkaSecurityMechanism, placeholder: .plain),
            username: source.optional(Keys.kafkaSecurityUsername),
            password: source.optional(Keys.kafkaSecurityPassword),
            certificates: source.optional(Keys.kafkaSecurityCA))
        let name = Keys.kafkaSecurityProtocol.description.environment
        if security.protocol.usesSASL {
            if security.username == nil {
                source.refuse(Keys.kafkaSecurityUsername, "is missing; \(name) asks for SASL")
            }
            if security.password == nil {
                source.refuse(Keys.kafkaSecurityPassword, "is missing; \(name) asks for SASL")
            }
        } else {
            if security.username != nil {
                source.refuse(Keys.kafkaSecurityUsername, "has no meaning unless \(name) is a sasl_ one")
            }
            if security.password != nil {
                source.refuse(Keys.kafkaSecurityPassword, "has no meaning unless \(name) is a sasl_ one")
            }
        }
        if security.certificates != nil, security.protocol == .plaintext || security.protocol == .saslPlaintext {
            source.refuse(Keys.kafkaSecurityCA, "has no meaning unless \(name) is ssl or sasl_ssl")
        }
        return security
    }

    private static var defaultInstance: String {
        let info = ProcessInfo.processInfo
        let host = info.hostName.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "-" }
        return "\(String(host.prefix(100)))-\(info.processIdentifier)"
    }
}
