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
            #expect(try await storageError { try await migrations.check(on: pool) }.code == .schemaMismatch)
            let applied = try await withThrowingTaskGroup(of: [Int32].self) { group in
                for _ in 0..<4 { group.addTask { try await migrations.apply(on: pool) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == [1, 2])
            #expect(try await pool.query("SELECT a, b FROM t").count == 1)
            try await migrations.check(on: pool)
        }
    }

    @Test func aNewerOrDifferentDatabaseIsRefused() async throws {
        try await TestDatabase.withPool { pool in
            _ = try await Migrations([first, second]).apply(on: pool)
            let older = try Migrations([first])
            #expect(try await storageError { _ = try await older.apply(on: pool) }.code == .schemaMismatch)
            let changed = try Migrations([first, Migration(version: 2, name: "column", sql: "SELECT 1")])
            #expect(try await storageError { _ = try await changed.apply(on: pool) }.code == .schemaMismatch)
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

    @Test func versionsMustRise() {
        #expect(throws: StorageError.self) { try Migrations([second, first]) }
        #expect(throws: StorageError.self) { try Migrations([first, first]) }
    }
}
