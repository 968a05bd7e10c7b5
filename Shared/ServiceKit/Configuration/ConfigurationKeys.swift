import Foundation
import Logging

/// How Kafka is spoken to.
public enum KafkaSecurityProtocol: String, Sendable, CaseIterable {
    case plaintext, ssl
    case saslPlaintext = "sasl_plaintext"
    case saslSSL = "sasl_ssl"

    /// Whether user name and password are needed.
    public var usesSASL: Bool { self == .saslPlaintext || self == .saslSSL }
}

/// How a user name and password are shown to Kafka.
public enum KafkaMechanism: String, Sendable, CaseIterable {
    case plain = "PLAIN"
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA512 = "SCRAM-SHA-512"
}

/// Every key that all services share. The README's table, `--help` and the check for unknown keys are made from it.
public enum ConfigurationKeys {
    static let file = ConfigurationKey.text(
        "config.file", "YAML or JSON file with any of these keys; the environment wins over it.",
        expected: "the path of a readable file")
    static let databaseURL = ConfigurationKey.url(
        "database.url", "PostgreSQL, as the role that owns nothing.", schemes: ["postgres", "postgresql"],
        example: "postgres://user:password@host:5432/millrace")
    static let databaseOwnerURL = ConfigurationKey.url(
        "database.owner.url", "PostgreSQL, as the owner, for migrations; else the one above is used.",
        schemes: ["postgres", "postgresql"], example: "postgres://owner:password@host:5432/millrace")
    static let databasePool = ConfigurationKey.integer(
        "database.pool", "Connections to PostgreSQL.", in: 1...256, fallback: 16)
    static let redisURL = ConfigurationKey.url(
        "redis.url", "Redis.", schemes: ["redis"], example: "redis://:password@host:6379/0")
    static let redisPrefix = ConfigurationKey.text(
        "redis.prefix", "Put before every key in Redis.", expected: "at most 64 letters, digits, and . _ : -",
        fallback: "millrace:"
    ) { isName($0, limit: 64, also: ".:_-") }
    static let kafkaBootstrap = ConfigurationKey.text(
        "kafka.bootstrap", "Kafka's first brokers.", expected: "host:port, several separated by commas",
        where: isBrokerList)
    static let kafkaPrefix = ConfigurationKey.text(
        "kafka.prefix", "Put before the name of every topic and group.",
        expected: "at most 100 letters, digits, and . _ -",
        fallback: ""
    ) { isName($0, limit: 100, also: "._-") }
    static let kafkaPartitions = ConfigurationKey.integer(
        "kafka.partitions", "Partitions of topics that are created.", in: 1...1000, fallback: 12)
    static let kafkaReplication = ConfigurationKey.integer(
        "kafka.replication", "Replicas of topics that are created.", in: 1...10, fallback: 1)
    static let kafkaSecurityProtocol = ConfigurationKey<KafkaSecurityProtocol>.choice(
        "kafka.security.protocol", "How brokers are spoken to.", fallback: .plaintext)
    static let kafkaSecurityMechanism = ConfigurationKey<KafkaMechanism>.choice(
        "kafka.security.mechanism", "SASL mechanism.", fallback: .plain)
    static let kafkaSecurityUsername = ConfigurationKey.text(
        "kafka.security.username", "SASL user name.", expected: "a text")
    static let kafkaSecurityPassword = ConfigurationKey.text(
        "kafka.security.password", "SASL password.", expected: "a text", isSecret: true)
    static let kafkaSecurityCA = ConfigurationKey.text(
        "kafka.security.ca", "Certificates that brokers are checked against; else the system's.",
        expected: "the path of a readable PEM file"
    ) { FileManager.default.isReadableFile(atPath: $0) }
    static let sharedCommandTopic = ConfigurationKey.onOff(
        "shared.command.topic", "Take commands from the topic that all trusted producers share.", fallback: true)
    static let httpHost = ConfigurationKey.text(
        "http.host", "Address that HTTP listens on.", expected: "an IP address", fallback: "0.0.0.0"
    ) {
        IPAddress($0) != nil || $0 == "localhost"
    }
    static let httpPort = ConfigurationKey.integer(
        "http.port", "Port of HTTP; 0 takes a free one.", in: 0...65535, fallback: 4024)
    static let metricsPort = ConfigurationKey.integer(
        "metrics.port", "Port of metrics and health; 0 takes a free one.", in: 0...65535, fallback: 10052)
    static let logLevel = ConfigurationKey<Logger.Level>.choice(
        "log.level", "Least level that is logged.", fallback: .info)
    static let instance = ConfigurationKey.text(
        "instance", "Name of this instance, unique among those running; else host name and process id.",
        expected: "1 to 128 letters, digits, and . _ -"
    ) { !$0.isEmpty && isName($0, limit: 128, also: "._-") }
    static let jwtIssuers = ConfigurationKey<[TokenIssuer]>(
        "jwt.issuers", "OpenID Connect issuers whose tokens are accepted.",
        expected:
            #"a JSON list of {"issuer", "audience", "jwksUrl", "tenant" or "tenantClaim", "rolesClaim", "roles"}"#,
        fallback: ([], "[]")
    ) { (text) throws(ConfigurationValueError) in try TokenIssuer.list(json: text).get() }
    static let outboundAllow = ConfigurationKey<[AddressGuard.Entry]>(
        "outbound.allow", "What webhooks and key sets may be fetched from; private addresses by address or range only.",
        expected: "host, host:port, *.domain, address or range, separated by commas", fallback: ([], "nothing")
    ) { (text) throws(ConfigurationValueError) in
        var entries: [AddressGuard.Entry] = []
        for part in text.split(separator: ",") {
            let part = part.trimmingCharacters(in: .whitespaces)
            guard let entry = AddressGuard.Entry(part) else {
                throw ConfigurationValueError("must be hosts, addresses or ranges separated by commas; \(part) is none")
            }
            entries.append(entry)
        }
        return entries
    }
    static let leaseTTL = ConfigurationKey.duration(
        "lease.ttl", "How long a lease outlives its holder.", in: 500...60_000, fallbackMilliseconds: 3_000)
    static let shutdownTimeout = ConfigurationKey.duration(
        "shutdown.timeout", "How long a graceful stop may take.", in: 1_000...600_000, fallbackMilliseconds: 25_000)
    static let deadLetterTenant = ConfigurationKey.text(
        "dead.letter.tenant", "Tenant whose operators see messages that name no known tenant; else nobody does.",
        expected: "a tenant's name"
    ) { !$0.isEmpty }
    static let defaultQuota = ConfigurationKey<Quota?>(
        "default.quota", "Work items that a tenant may submit unless its own quota says otherwise.",
        expected: "off, or a count and a unit such as 1000/s, 20000/m, 1000000/h", fallback: (nil, "off")
    ) { (text) throws(ConfigurationValueError) in
        if text == "off" { return nil }
        guard let quota = Quota(text) else {
            throw ConfigurationValueError("must be off, or such as 1000/s, not \(text)")
        }
        return quota
    }
    static let agentSilence = ConfigurationKey.duration(
        "agent.silence", "How long an agent may give no sign of life before being set offline.", in: 1_000...3_600_000,
        fallbackMilliseconds: 60_000)

    static let secretsKey = ConfigurationKey<[UInt8]>(
        "secrets.key", "Key that mailboxes' secrets are sealed with; without it there are none.",
        expected: "32 bytes in base64, such as openssl rand -base64 32 makes", isSecret: true
    ) { (text) throws(ConfigurationValueError) in
        guard let key = Data(base64Encoded: text), key.count == 32 else {
            throw ConfigurationValueError("must be 32 bytes in base64")
        }
        return Array(key)
    }

    /// All of them, in the order in which they are listed.
    public static let all: [ConfigurationKeyDescription] = [
        file.description, databaseURL.description, databaseOwnerURL.description, databasePool.description,
        redisURL.description, redisPrefix.description, kafkaBootstrap.description, kafkaPrefix.description,
        kafkaPartitions.description, kafkaReplication.description, kafkaSecurityProtocol.description,
        kafkaSecurityMechanism.description, kafkaSecurityUsername.description, kafkaSecurityPassword.description,
        kafkaSecurityCA.description, sharedCommandTopic.description, httpHost.description, httpPort.description,
        metricsPort.description, logLevel.description, instance.description, jwtIssuers.description,
        outboundAllow.description, leaseTTL.description, shutdownTimeout.description, deadLetterTenant.description,
        defaultQuota.description, agentSilence.description, secretsKey.description,
    ]

    /// A Markdown table of keys, for the README.
    public static func markdown(_ keys: [ConfigurationKeyDescription] = all) -> String {
        let rows = keys.map { key in
            "| `\(key.environment)` | \(key.summary) | \(key.expected) | \(key.fallback.map { $0.isEmpty ? "empty" : "`\($0)`" } ?? "") |"
        }
        return (["| key | what for | value | default |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }

    /// Keys as lines of text, for `--help`.
    public static func help(_ keys: [ConfigurationKeyDescription] = all) -> String {
        keys.map { key in
            let fallback = key.fallback.map { $0.isEmpty ? "" : " (default \($0))" } ?? ""
            return "  \(key.environment)\n      \(key.summary)\n      \(key.expected)\(fallback)"
        }.joined(separator: "\n")
    }

    private static func isName(_ text: String, limit: Int, also: String) -> Bool {
        text.utf8.count <= limit
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || also.unicodeScalars.contains($0))
            }
    }

    @Sendable private static func isBrokerList(_ text: String) -> Bool {
        let brokers = text.split(separator: ",", omittingEmptySubsequences: false)
        return brokers.allSatisfy {
            OutboundURL("http://" + $0.trimmingCharacters(in: .whitespaces)) != nil && $0.contains(":")
        }
    }
}
