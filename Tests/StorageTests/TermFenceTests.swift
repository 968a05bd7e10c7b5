import Foundation
import Storage
import Testing

@Suite(.enabled(if: TestDatabase.isPresent))
struct TermFenceTests {
    func withLease(
        settings: PostgresSettings = .init(), _ body: (PostgresPool) async throws -> Void
    ) async throws {
        try await TestDatabase.withPool(settings: settings) { pool in
            try await pool.transaction {
                try await $0.script(TermFence.schema + "CREATE TABLE t (a int8);")
            }
            try await body(pool)
        }
    }

    @Test func termsRiseByOneForEachLease() async throws {
        try await withLease { pool in
            let first = try await pool.nextTerm("relay", holder: "a")
            let second = try await pool.nextTerm("relay", holder: "b")
            let other = try await pool.nextTerm("other", holder: "a")
            #expect([first, second, other] == [1, 2, 1])
        }
    }

    @Test func onlyTheNewestTermWrites() async throws {
        try await withLease { pool in
            let insert = [SQLStatement("INSERT INTO t VALUES (1)")]
            let none = try await storageError {
                _ = try await pool.batch(fence: TermFence(lease: "r", term: 1), insert)
            }
            #expect(none.code == .staleTerm)
            let old = TermFence(lease: "r", term: try await pool.nextTerm("r", holder: "a"))
            _ = try await pool.batch(fence: old, insert)
            let new = TermFence(lease: "r", term: try await pool.nextTerm("r", holder: "b"))
            let stale = try await storageError { _ = try await pool.batch(fence: old, insert) }
            #expect(stale.code == .staleTerm)
            #expect(!stale.isRetryable)
            _ = try await pool.transaction(fence: new) { try await $0.pipeline(insert) }
            #expect(try await pool.query("SELECT a FROM t").count == 2)
        }
    }

    @Test func aNewTermWaitsForAWriteUnderTheOldOne() async throws {
        try await withLease { pool in
            let old = TermFence(lease: "r", term: try await pool.nextTerm("r", holder: "a"))
            let (begun, signal) = AsyncStream<Void>.makeStream()
            async let writing: Void = pool.transaction(fence: old) { transaction in
                _ = try await transaction.query("INSERT INTO t VALUES (1)")
                signal.finish()
                try await Task.sleep(for: .milliseconds(200))
            }
            for await _ in begun {}
            _ = try await pool.nextTerm("r", holder: "b")
            // the old holder's write is complete before the new term exists
            #expect(try await pool.query("SELECT a FROM t").count == 1)
            try await writing
        }
    }

    @Test func aHolderPausedInsideItsTransactionChangesNothing() async throws {
        var settings = PostgresSettings()
        settings.idleInTransactionTimeout = .milliseconds(300)
        try await withLease(settings: settings) { pool in
            let old = TermFence(lease: "r", term: try await pool.nextTerm("r", holder: "a"))
            let failure = try await storageError {
                try await pool.transaction(fence: old) { transaction in
                    _ = try await transaction.query("INSERT INTO t VALUES (1)")
                    // stands for the pause: the new holder begins meanwhile
                    let term = try await pool.query("SELECT term FROM lease")[0][0].int64
                    if term == old.term { _ = try await pool.nextTerm("r", holder: "b") }
                }
            }
            #expect(failure.code == .staleTerm)
            #expect(try await pool.query("SELECT a FROM t").isEmpty)
        }
    }
}
