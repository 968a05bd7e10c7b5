import Coordination
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// Looks at PostgreSQL, Redis and Kafka from outside, with a service's configuration: while a core runs or when none does.
public struct DiagnoseServers: Sendable {
    private let configuration: ServiceConfiguration
    private let logger = Logger(label: "millrace.doctor") { _ in SwiftLogNoOpLogHandler() }

    /// Nothing is connected yet.
    public init(configuration: ServiceConfiguration) { self.configuration = configuration }

    /// What waits according to the database and according to the lanes.
    public struct Waiting: Sendable, Hashable {
        /// Rows with status `queued`.
        public var queued: Int
        /// Entries of all lanes.
        public var entries: Int
    }

    /// - Throws: `StorageError` where the database does not answer.
    public func checkDatabase() async throws { try await withPool { _ = try await $0.query("SELECT 1") } }

    /// Whether all migrations that this executable knows have been applied.
    /// - Returns: migrations of a newer version, oldest first.
    /// - Throws: `StorageError` when one is missing or differs.
    public func checkSchema() async throws -> [Int32] {
        try await withPool { try await Migrations(CoreSchema.migrations).check(on: $0) }
    }

    /// - Throws: `CoordinationError` where Redis does not answer.
    public func checkRedis() async throws { try await withRedis { _ = try await $0.command(["PING"]) } }

    /// - Returns: how many topics the broker has.
    /// - Throws: `MessagingError` where it does not answer.
    public func checkKafka() async throws -> Int {
        var connection = KafkaConfiguration(configuration.kafka, instance: "doctor")
        connection.createsTopics = false
        return try await KafkaAdmin(connection: connection, logger: logger).topics().count
    }

    /// Both counts of a tenant; nil when there is no such tenant.
    /// - Throws: `StorageError`, `CoordinationError`.
    public func waiting(tenant name: String) async throws -> Waiting? {
        try await withPool { pool in
            guard let row = try await pool.query("SELECT id FROM tenant WHERE name = $1", [.text(name)]).first else {
                return nil
            }
            let tenant = try row[0].int32
            let queued = try await pool.query(
                "SELECT count(*) FROM work_item WHERE tenant = $1 AND status = 'queued'", [.int4(tenant)],
                tenant: tenant)
            let entries = try await withRedis { redis in
                try await LaneStore(
                    redis: redis, keyPrefix: configuration.redis.prefix, tenant: tenant, logger: logger
                ).counts().reduce(0) { $0 + $1.size }
            }
            return Waiting(queued: Int(try queued[0, 0].int64), entries: entries)
        }
    }

    private func withPool<Result: Sendable>(_ body: (PostgresPool) async throws -> Result) async throws -> Result {
        let pool = try PostgresPool(
            url: configuration.database.url, size: 1, applicationName: "millrace doctor", logger: logger)
        return try await ending({ await pool.close() }) { try await body(pool) }
    }

    private func withRedis<Result: Sendable>(_ body: (RedisClient) async throws -> Result) async throws -> Result {
        let redis = try RedisClient(url: configuration.redis.url, connections: 1, logger: logger)
        return try await ending({ await redis.close() }) { try await body(redis) }
    }

    /// Does something and closes what it worked with, however it ended.
    private func ending<Result: Sendable>(
        _ close: () async -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }
}
