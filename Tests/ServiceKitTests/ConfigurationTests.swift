import Foundation
import ServiceKit
import Testing

@Suite final class ConfigurationTests {
    /// Files of one test; gone with it.
    private let folder = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: folder) }

    private let least = [
        "MILLRACE_DATABASE_URL": "postgres://app:hunter22@db:5432/millrace", "MILLRACE_REDIS_URL": "redis://redis:6379",
        "MILLRACE_KAFKA_BOOTSTRAP": "kafka1:9092,kafka2:9092",
    ]

    private func load(_ changes: [String: String] = [:]) throws -> ServiceConfiguration {
        try ServiceConfiguration.load(environment: least.merging(changes) { _, new in new })
    }

    private func problems(_ changes: [String: String]) -> [String] {
        do {
            _ = try load(changes)
            return []
        } catch { return (error as? ConfigurationError)?.problems ?? ["another error"] }
    }

    private func file(_ text: String) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "\(UUID().uuidString).yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func leastAndDefaults() throws {
        let configuration = try load()
        #expect(configuration.http.port == 4024 && configuration.metrics.port == 10052)
        #expect(configuration.database.ownerURL == configuration.database.url)
        #expect(configuration.kafka.partitions == 12 && configuration.kafka.takesSharedCommands)
        #expect(configuration.leaseTTL == .seconds(3) && configuration.defaultQuota == nil)
        #expect(configuration.instance.hasSuffix("-\(ProcessInfo.processInfo.processIdentifier)"))
        #expect(configuration.tokenIssuers.isEmpty && configuration.outboundAllow.isEmpty)
    }

    @Test func everyKeyIsTaken() throws {
        let configuration = try load([
            "MILLRACE_DATABASE_OWNER_URL": "postgresql://owner@db/millrace", "MILLRACE_DATABASE_POOL": "4",
            "MILLRACE_REDIS_PREFIX": "x:", "MILLRACE_KAFKA_PREFIX": "x.", "MILLRACE_KAFKA_PARTITIONS": "3",
            "MILLRACE_KAFKA_REPLICATION": "2", "MILLRACE_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext",
            "MILLRACE_KAFKA_SECURITY_MECHANISM": "SCRAM-SHA-512", "MILLRACE_KAFKA_SECURITY_USERNAME": "u",
            "MILLRACE_KAFKA_SECURITY_PASSWORD": "secret-p", "MILLRACE_SHARED_COMMAND_TOPIC": "off",
            "MILLRACE_HTTP_HOST": "::1", "MILLRACE_HTTP_PORT": "0", "MILLRACE_METRICS_PORT": "0",
            "MILLRACE_LOG_LEVEL": "debug", "MILLRACE_INSTANCE": "core-1", "MILLRACE_LEASE_TTL": "1500ms",
            "MILLRACE_SHUTDOWN_TIMEOUT": "2m", "MILLRACE_DEAD_LETTER_TENANT": "demo",
            "MILLRACE_DEFAULT_QUOTA": "1000/s",
            "MILLRACE_OUTBOUND_ALLOW": "id.example:443, 10.0.0.0/8",
            "MILLRACE_JWT_ISSUERS":
                #"[{"issuer":"i","audience":"a","jwksUrl":"https://id.example/k","tenant":"demo","roles":{"x":"admin"}}]"#,
        ])
        #expect(configuration.kafka.security.mechanism == .scramSHA512 && !configuration.kafka.takesSharedCommands)
        #expect(configuration.leaseTTL == .milliseconds(1500) && configuration.shutdownTimeout == .seconds(120))
        #expect(configuration.defaultQuota == Quota(count: 1000, seconds: 1) && configuration.instance == "core-1")
        #expect(configuration.tokenIssuers.first?.roles == ["x": .admin] && configuration.outboundAllow.count == 2)
        #expect(configuration.logLevel == .debug && configuration.deadLetterTenant == "demo")
    }

    @Test func allThatIsWrongIsSaidAtOnce() {
        let found = problems([
            "MILLRACE_HTTP_PROT": "1", "MILLRACE_HTTP_PORT": "70000", "MILLRACE_DATABASE_URL": "",
            "MILLRACE_LEASE_TTL": "3",
            "MILLRACE_LOG_LEVEL": "loud", "MILLRACE_NONSENSE_OF_SOME_KIND": "1",
        ])
        #expect(found.count == 6)
        #expect(found.contains("MILLRACE_HTTP_PROT is not a key of this version; is MILLRACE_HTTP_PORT meant?"))
        #expect(found.contains("MILLRACE_HTTP_PORT must be a whole number from 0 to 65535, not 70000"))
        #expect(
            found.contains {
                $0.hasPrefix("MILLRACE_DATABASE_URL is missing; it must be an address such as postgres://")
            })
        #expect(found.contains("MILLRACE_LEASE_TTL must be a duration from 500ms to 1m, not 3"))
        #expect(found.contains { $0.hasPrefix("MILLRACE_LOG_LEVEL must be one of trace") })
        #expect(found.contains("MILLRACE_NONSENSE_OF_SOME_KIND is not a key of this version"))
        #expect(problems(["MILLRACE_TEST_DATABASE_URL": "x"]).isEmpty)
    }

    @Test(arguments: [
        ["MILLRACE_METRICS_PORT": "4024"], ["MILLRACE_KAFKA_SECURITY_USERNAME": "u"],
        ["MILLRACE_KAFKA_SECURITY_PROTOCOL": "sasl_ssl", "MILLRACE_KAFKA_SECURITY_USERNAME": "u"],
        ["MILLRACE_JWT_ISSUERS": #"[{"issuer":"i","audience":"a","jwksUrl":"https://id.example/k","tenant":"demo"}]"#],
        ["MILLRACE_JWT_ISSUERS": "[{}]"], ["MILLRACE_JWT_ISSUERS": "nonsense"], ["MILLRACE_KAFKA_BOOTSTRAP": "kafka"],
        [
            "MILLRACE_JWT_ISSUERS":
                #"[{"issuer":"i","audience":"a","jwksUrl":"https://id.example/k","tenant":"d","tenantClaim":"t"}]"#
        ],
        ["MILLRACE_OUTBOUND_ALLOW": "a b"], ["MILLRACE_DEFAULT_QUOTA": "many"], ["MILLRACE_REDIS_URL": "http://redis"],
        ["MILLRACE_KAFKA_PREFIX": "a b"], ["MILLRACE_INSTANCE": "a/b"], ["MILLRACE_SHARED_COMMAND_TOPIC": "perhaps"],
    ])
    func contradictionsStopTheStart(changes: [String: String]) throws {
        let found = problems(changes)
        #expect(found.count == 1)
        let name = try #require(found.first?.split(separator: " ").first)
        #expect(name.hasPrefix("MILLRACE_"))
    }

    @Test func secretsAreNeverPrinted() throws {
        let wrong = problems(["MILLRACE_DATABASE_URL": "mysql://app:hunter22@db/x"])
        #expect(wrong.count == 1 && !wrong[0].contains("hunter22"))
        let shown = try load().effective.map(\.value).joined(separator: " ")
        #expect(!shown.contains("hunter22"))
        #expect(shown.contains("postgres://app:***@db:5432/millrace"))
        #expect(KnownSecrets.shared.redacted("connect to app:hunter22@db") == "connect to app:[redacted]@db")
    }

    @Test func aFileIsReadAndTheEnvironmentWins() throws {
        let path = try file(
            """
            http: {port: 5000, host: 127.0.0.1}
            metrics.port: 5001
            outbound: {allow: [id.example, 10.0.0.0/8]}
            jwt:
              issuers:
                - {issuer: i, audience: a, jwksUrl: "https://id.example/k", tenantClaim: org}
            kafka: {security: {protocol: ssl}}
            """)
        let configuration = try load(["MILLRACE_CONFIG_FILE": path, "MILLRACE_METRICS_PORT": "6001"])
        #expect(configuration.http.port == 5000 && configuration.http.host == "127.0.0.1")
        #expect(configuration.metrics.port == 6001 && configuration.outboundAllow.count == 2)
        #expect(
            configuration.tokenIssuers.first?.tenant == .claim("org") && configuration.kafka.security.protocol == .ssl)
        let json = try file(#"{"http": {"port": 5000}}"#)
        #expect(try load(["MILLRACE_CONFIG_FILE": json]).http.port == 5000)
    }

    @Test func wrongFilesAreRefused() throws {
        for text in [
            "http: {prot: 1}", "nonsense: 1", "- 1", "http: {port: x}", "a: [", "http: {port: 1}\nhttp.port: 2",
        ] {
            #expect(problems(["MILLRACE_CONFIG_FILE": try file(text)]).count == 1, "\(text)")
        }
        #expect(problems(["MILLRACE_CONFIG_FILE": "/nowhere"]).count == 1)
    }

    @Test func keysAreListed() {
        #expect(ConfigurationKeys.all.count == Set(ConfigurationKeys.all.map(\.environment)).count)
        #expect(ConfigurationKeys.markdown().contains("| `MILLRACE_HTTP_PORT` | Port of HTTP; 0 takes a free one. |"))
        #expect(ConfigurationKeys.help().contains("MILLRACE_DEAD_LETTER_TENANT"))
    }

    @Test func otherServicesAddKeys() throws {
        let key = ConfigurationKey<Int>("email.batch", "Mails fetched at once.", expected: "a number") {
            text throws(ConfigurationValueError) in
            guard let value = Int(text) else { throw ConfigurationValueError("must be a number") }
            return value
        }
        var source = ConfigurationSource(
            environment: least.merging(["MILLRACE_EMAIL_BATCH": "5"]) { a, _ in a },
            keys: ConfigurationKeys.all + [key.description])
        _ = ServiceConfiguration(from: &source)
        #expect(source.optional(key) == 5)
        try source.finish()
    }
}
