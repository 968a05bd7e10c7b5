import Foundation
import Storage
import Synchronization
import Testing

/// The server goes away and comes back.
@Suite(.enabled(if: PrivateCluster.isPossible), .serialized)
struct RestartTests {
    func withCluster(size: Int = 4, _ body: (PrivateCluster, PostgresPool) async throws -> Void) async throws {
        let cluster = try await PrivateCluster.make()
        let pool = try PostgresPool(url: cluster.url, size: size, logger: TestDatabase.quiet)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(cluster, pool)) } catch { outcome = .failure(error) }
        await pool.close(grace: .zero)
        await cluster.remove()
        try outcome.get()
    }

    @Test func idleConnectionsAreReplacedUnnoticed() async throws {
        try await withCluster { cluster, pool in
            _ = try await pool.query("CREATE TABLE t (a int8)")
            // several connections
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await pool.query("SELECT pg_sleep(0.05)") } }
                try await group.waitForAll()
            }
            for mode in ["fast", "immediate"] {
                try await cluster.stop(mode: mode)
                try await cluster.start()
                for _ in 0..<4 { _ = try await pool.query("INSERT INTO t VALUES (1)") }
            }
            #expect(try await pool.query("SELECT a FROM t").count == 8)
        }
    }

    @Test func aTransactionThatTheServerCutOffRunsAgainWhenItIsBack() async throws {
        try await withCluster { cluster, pool in
            _ = try await pool.query("CREATE TABLE t (a int8)")
            let runs = Atomic(0)
            try await pool.transaction { transaction in
                _ = try await transaction.query("INSERT INTO t VALUES (1)")
                if runs.add(1, ordering: .relaxed).newValue == 1 {
                    try await cluster.stop(mode: "immediate")
                    try await cluster.start()
                }
                _ = try await transaction.query("INSERT INTO t VALUES (2)")
            }
            #expect(runs.load(ordering: .relaxed) == 2)
            #expect(try await pool.query("SELECT a FROM t").count == 2)
        }
    }

    @Test func callsWaitForAServerThatIsAway() async throws {
        try await withCluster { cluster, pool in
            try await cluster.stop()
            async let answer = pool.query("SELECT 5::int8")
            try await Task.sleep(for: .milliseconds(300))
            try await cluster.start()
            #expect(try await answer[0][0].int == 5)
        }
    }

    @Test func aCommitWithoutAnswerIsUnknownAndRepeatedOnlyWhenIdempotent() async throws {
        try await withCluster { cluster, pool in
            _ = try await pool.query("CREATE TABLE t (a int8 PRIMARY KEY)")
            let slow = [
                SQLStatement("INSERT INTO t VALUES ($1) ON CONFLICT DO NOTHING", [1]),
                SQLStatement("SELECT pg_sleep(CASE WHEN $1 THEN 20 ELSE 0 END)", [true]),
            ]
            func cutOff(idempotent: Bool) async throws -> StorageError? {
                async let outcome: StorageError? = {
                    do throws(StorageError) {
                        _ = try await pool.batch(slow, idempotent: idempotent)
                    } catch {
                        return error
                    }
                    return nil
                }()
                let killer = try PostgresPool(url: cluster.url, size: 1, logger: TestDatabase.quiet)
                var killed = 0
                while killed < (idempotent ? 2 : 1) {
                    killed += try await killer.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE wait_event = 'PgSleep' AND pid <> pg_backend_pid()
                        """
                    ).count
                    try await Task.sleep(for: .milliseconds(20))
                }
                if idempotent {
                    // the third time it may end
                    var ended = 0
                    while ended == 0 {
                        ended = try await killer.query(
                            """
                            SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                            WHERE wait_event = 'PgSleep' AND pid <> pg_backend_pid()
                            """
                        ).count
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                await killer.close()
                return await outcome
            }
            #expect(try await cutOff(idempotent: false)?.code == .commitUnknown)
            // it ran a third time and was then cancelled by us
            #expect(try await cutOff(idempotent: true)?.code == .statementTimeout)
            #expect(try await pool.query("SELECT a FROM t").isEmpty)
        }
    }

    @Test func itGivesUpAfterTheRecoveryTime() async throws {
        try await withCluster { cluster, _ in
            var settings = PostgresSettings()
            settings.recoveryTime = .milliseconds(200)
            let pool = try PostgresPool(url: cluster.url, settings: settings, logger: TestDatabase.quiet)
            try await cluster.stop()
            let error = try await storageError { _ = try await pool.query("SELECT 1") }
            #expect(error.code == .unavailable)
            await pool.close()
        }
    }
}
