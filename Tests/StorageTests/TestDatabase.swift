import Foundation
import Logging
import Storage
import Synchronization
import Testing

/// The database that tests use, each in a schema of its own.
enum TestDatabase {
    static let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_DATABASE_URL"]
    static var isPresent: Bool { url != nil }

    /// Runs a test in a schema of its own, which is dropped afterwards.
    static func withPool(
        size: Int = 4, settings: PostgresSettings = .init(), logger: Logger = quiet,
        _ body: (PostgresPool) async throws -> Void
    ) async throws {
        let url = try #require(url)
        let schema = "storage_" + UUIDv7.next().hexText
        var settings = settings
        settings.searchPath = schema
        let pool = try PostgresPool(url: url, size: size, settings: settings, logger: logger)
        _ = try await pool.query("CREATE SCHEMA \(schema)")
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(pool)) } catch { outcome = .failure(error) }
        _ = try? await pool.transaction { try await $0.script("DROP SCHEMA \(schema) CASCADE") }
        await pool.close()
        try outcome.get()
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Values gathered from several tasks, in order.
final class Gathered<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])
    var values: [Value] { storage.withLock { $0 } }
    func append(_ value: Value) { storage.withLock { $0.append(value) } }
}

/// The error that an operation throws, which must be one of Storage.
func storageError(_ body: () async throws -> Void) async throws -> StorageError {
    do { try await body() } catch { return try #require(error as? StorageError) }
    return try #require(nil, "nothing was thrown")
}
