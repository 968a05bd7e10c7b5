import Foundation
import Storage
import Synchronization
import Testing

@Suite(.enabled(if: TestDatabase.isPresent))
struct TransactionTests {
    @Test func commitsWhenTheClosureReturnsAndRollsBackWhenItThrows() async throws {
        struct Refused: Error {}
        try await TestDatabase.withPool { pool in
            _ = try await pool.query("CREATE TABLE t (a int8)")
            try await pool.transaction { _ = try await $0.query("INSERT INTO t VALUES (1)") }
            await #expect(throws: Refused.self) {
                try await pool.transaction { transaction in
                    _ = try await transaction.query("INSERT INTO t VALUES (2)")
                    throw Refused()
                }
            }
            #expect(try await pool.query("SELECT a FROM t").map { try $0[0].int } == [1])
        }
    }

    @Test func theTenantIsSetInTheTransactionAndNotAfterIt() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let sql = "SELECT nullif(current_setting('millrace.tenant', true), '')::int4"
            let within = try await pool.transaction(tenant: 7) { try await $0.query(sql)[0][0].int }
            let after = try await pool.query(sql)[0][0]
            let single = try await pool.query(sql, tenant: 8)[0][0].int
            let without = try await pool.transaction { try await $0.query(sql)[0][0] }
            #expect(within == 7)
            #expect(after.isNull)
            #expect(single == 8)
            #expect(without.isNull)
        }
    }

    @Test func aFailedStatementOfAPipelineUndoesAllAndIsNamed() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (a int8 PRIMARY KEY)")
            let insert = "INSERT INTO t VALUES ($1)"
            let failure = try await storageError {
                _ = try await pool.batch(
                    tenant: 1,
                    [
                        SQLStatement(insert, [1]), SQLStatement(insert, [2]), SQLStatement(insert, [1]),
                        SQLStatement(insert, [4]),
                    ])
            }
            #expect(failure.code == .uniqueViolation(constraint: "t_pkey"))
            #expect(failure.statement == 2)
            #expect(try await pool.query("SELECT 1::int8 FROM t").isEmpty)
            let results = try await pool.batch([SQLStatement(insert, [1]), SQLStatement("SELECT a FROM t")])
            #expect(results[0].rowsAffected == 1)
            #expect(try results[1][0][0].int == 1)
        }
    }

    @Test func aFailureThatTheClosureSwallowsStillFailsTheTransaction() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let failure = try await storageError {
                try await pool.transaction { _ = try? await $0.query("SELECT 1 FROM absent") }
            }
            #expect(failure.sqlState == "42P01")
        }
    }

    @Test func commitWithTheLastStatementsEndsTheTransaction() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (a int8)")
            let after = try await pool.transaction(tenant: 3) { transaction in
                _ = try await transaction.query("SELECT 1")
                _ = try await transaction.commit(with: [SQLStatement("INSERT INTO t VALUES ($1)", [9])])
                return try? await transaction.query("SELECT 1")
            }
            #expect(after == nil)
            #expect(try await pool.query("SELECT a FROM t")[0][0].int == 9)
        }
    }

    @Test func conflictsRunAgainUntilTheySucceed() async throws {
        try await TestDatabase.withPool(size: 4) { pool in
            _ = try await pool.query("CREATE TABLE t (id int8 PRIMARY KEY, n int8)")
            _ = try await pool.query("INSERT INTO t VALUES (1, 0)")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<10 {
                            try await pool.transaction(isolation: .serializable, retries: 100) { transaction in
                                let n = try await transaction.query("SELECT n FROM t WHERE id = 1")[0][0].int64
                                _ = try await transaction.query("UPDATE t SET n = $1 WHERE id = 1", [.int8(n + 1)])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.query("SELECT n FROM t")[0][0].int == 40)
        }
    }

    @Test func aDeadlockIsResolvedByRunningAgain() async throws {
        try await TestDatabase.withPool(size: 2) { pool in
            _ = try await pool.query("CREATE TABLE t (id int8 PRIMARY KEY, n int8)")
            _ = try await pool.query("INSERT INTO t VALUES (1, 0), (2, 0)")
            let runs = Gathered<[Int64]>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] as [[Int64]] {
                    group.addTask {
                        try await pool.transaction(retries: 10) { transaction in
                            runs.append(order)
                            for id in order {
                                _ = try await transaction.query("UPDATE t SET n = n + 1 WHERE id = $1", [.int8(id)])
                                try await Task.sleep(for: .milliseconds(100))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(runs.values.count > 2)
            #expect(try await pool.query("SELECT sum(n)::int8 FROM t")[0][0].int == 4)
        }
    }

    @Test func anIdleTransactionLosesItsLocks() async throws {
        var settings = PostgresSettings()
        settings.idleInTransactionTimeout = .milliseconds(200)
        try await TestDatabase.withPool(size: 2, settings: settings) { pool in
            _ = try await pool.query("CREATE TABLE t (id int8)")
            _ = try await pool.query("INSERT INTO t VALUES (1)")
            let attempts = Atomic(0)
            try await pool.transaction { transaction in
                _ = try await transaction.query("SELECT id FROM t FOR UPDATE")
                if attempts.add(1, ordering: .relaxed).newValue == 1 {
                    // another gets the lock while this one sleeps
                    _ = try await pool.query("UPDATE t SET id = 2")
                }
                _ = try await transaction.query("UPDATE t SET id = id + 10")
            }
            #expect(attempts.load(ordering: .relaxed) == 2)
            #expect(try await pool.query("SELECT id FROM t")[0][0].int == 12)
        }
    }

    @Test func aDeferredConstraintFailsTheCommitOfASingleStatement() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            _ = try await pool.query("CREATE TABLE t (a int8 CONSTRAINT one UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let single = try await storageError { _ = try await pool.query("INSERT INTO t VALUES (1), (1)") }
            #expect(single.code == .uniqueViolation(constraint: "one"))
            let batch = try await storageError {
                _ = try await pool.batch([SQLStatement("INSERT INTO t VALUES (1), (1)")])
            }
            #expect(batch.code == .uniqueViolation(constraint: "one"))
            #expect(try await pool.query("SELECT a FROM t").isEmpty)
        }
    }

    @Test func preparedStatementsSurviveChangedTablesAndTheirLimit() async throws {
        var settings = PostgresSettings()
        settings.preparedStatements = 10
        try await TestDatabase.withPool(size: 1, settings: settings) { pool in
            _ = try await pool.query("CREATE TABLE t (a int8)")
            _ = try await pool.query("SELECT * FROM t")
            _ = try await pool.query("ALTER TABLE t ADD b text")
            #expect(try await pool.query("SELECT * FROM t").columns == 2)
            for number in 0..<50 {
                #expect(try await pool.query("SELECT \(number)::int8")[0][0].int == number)
            }
            let kept = try await pool.query("SELECT count(*) FROM pg_prepared_statements")[0][0].int
            #expect(kept <= 13)
        }
    }

    @Test func largePipelinesNeitherBlockNorMixResults() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            // both directions hold more than the sockets' buffers
            let text = String(repeating: "x", count: 100_000)
            let results = try await pool.batch(
                (0..<200).map {
                    SQLStatement("SELECT $1::int8, $2", [.int8($0), .text(text)])
                })
            for (index, result) in results.enumerated() {
                #expect(try result[0][0].int == index)
                #expect(try result[0][1].bytes.count == 100_000)
            }
        }
    }
}
