import Foundation
import Storage
import Testing

@Suite(.enabled(if: TestDatabase.isPresent))
struct MigrationsTests {
    let first = Migration(version: 1, name: "table", sql: "CREATE TABLE t (a int8); INSERT INTO t VALUES (1);")
    let second = Migration(version: 2, name: "column", sql: "ALTER TABLE t ADD b int8")

    @Test func eachStepIsAppliedOnceThoughManyTry() async throws {
        try await TestDatabase.withPool(size: 4) { pool in
            let migrations = try Migrations([first, second])
            #expect(try await storageError { _ = try await migrations.check(on: pool) }.code == .schemaMismatch)
            let applied = try await withThrowingTaskGroup(of: [Int32].self) { group in
                for _ in 0..<4 { group.addTask { try await migrations.apply(on: pool) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == [1, 2])
            #expect(try await pool.query("SELECT a, b FROM t").count == 1)
            #expect(try await migrations.check(on: pool).isEmpty)
        }
    }

    @Test func aNewerOrDifferentDatabaseIsRefused() async throws {
        try await TestDatabase.withPool { pool in
            _ = try await Migrations([first, second]).apply(on: pool)
            let older = try Migrations([first])
            #expect(try await storageError { _ = try await older.apply(on: pool) }.code == .schemaMismatch)
            let changed = try Migrations([first, Migration(version: 2, name: "column", sql: "SELECT 1")])
            #expect(try await storageError { _ = try await changed.apply(on: pool) }.code == .schemaMismatch)
            #expect(try await storageError { _ = try await changed.check(on: pool) }.code == .schemaMismatch)
            let between = try Migrations([first, Migration(version: 3, name: "other", sql: "SELECT 1")])
            #expect(try await storageError { _ = try await between.check(on: pool) }.code == .schemaMismatch)
        }
    }

    @Test func whoRunsAlreadyWorksOnInANewerDatabase() async throws {
        try await TestDatabase.withPool { pool in
            _ = try await Migrations([first, second]).apply(on: pool)
            #expect(try await Migrations([first]).check(on: pool) == [2])
        }
    }

    @Test func aFailedStepLeavesNothingAndCanBeMended() async throws {
        try await TestDatabase.withPool { pool in
            let broken = Migration(version: 2, name: "column", sql: "ALTER TABLE t ADD b int8; SELECT 1/0;")
            let migrations = try Migrations([first, broken])
            #expect(try await storageError { _ = try await migrations.apply(on: pool) }.code == .invalidValue)
            #expect(try await Migrations([first, second]).apply(on: pool) == [2])
        }
    }

    @Test func aStepThatWaitsForALongReaderLetsOthersWork() async throws {
        var settings = PostgresSettings()
        settings.idleInTransactionTimeout = .seconds(120)
        try await TestDatabase.withPool(size: 4, settings: settings) { pool in
            let (reading, isReading) = AsyncStream<Void>.makeStream()
            let (ended, end) = AsyncStream<Void>.makeStream()
            _ = try await Migrations([first]).apply(on: pool)
            let reader = Task {
                try await pool.transaction { transaction in
                    _ = try await transaction.query("SELECT a FROM t")
                    isReading.finish()
                    for await _ in ended {}
                }
            }
            for await _ in reading {}
            let migrating = Task { try await Migrations([first, second]).apply(on: pool) }
            var written = 0
            var waits: [Duration] = []
            // What stands behind the step for longer than this shows that the step tried.
            while waits.count(where: { $0 > .milliseconds(300) }) < 2, written < 100_000 {
                waits.append(
                    try await ContinuousClock().measure { _ = try await pool.query("INSERT INTO t (a) VALUES (2)") })
                written += 1
            }
            #expect(try #require(waits.max()) < .seconds(10))
            #expect(try await pool.query("SELECT 1 FROM schema_migration WHERE version = 2").isEmpty)
            end.finish()
            try await reader.value
            #expect(try await migrating.value == [2])
            #expect(try await pool.query("SELECT b FROM t").count == written + 1)
        }
    }

    @Test func versionsMustRise() {
        #expect(throws: StorageError.self) { try Migrations([second, first]) }
        #expect(throws: StorageError.self) { try Migrations([first, first]) }
    }
}
