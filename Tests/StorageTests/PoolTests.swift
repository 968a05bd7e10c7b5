import Foundation
import Storage
import Testing

@Suite(.enabled(if: TestDatabase.isPresent))
struct PoolTests {
    /// Waits until a condition about the pool holds.
    func until(_ pool: PostgresPool, _ condition: (PostgresPool.Statistics) -> Bool) async throws {
        while !condition(pool.statistics) { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func callersAreServedInTheOrderInWhichTheyCame() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let served = Gathered<Int>()
            let (held, release) = AsyncStream<Void>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await pool.transaction { _ in for await _ in held {} }
                }
                try await until(pool) { $0.leased == 1 }
                for number in 0..<10 {
                    group.addTask {
                        try await pool.transaction { _ in served.append(number) }
                    }
                    try await until(pool) { $0.waiting == number + 1 }
                }
                release.finish()
                try await group.waitForAll()
            }
            #expect(served.values == Array(0..<10))
        }
    }

    @Test(arguments: [(replanAfter: Duration.zero, usesIndex: true), (.seconds(3600), false)])
    func aPlanThatWasMadeForAnEmptyTableIsMadeAnew(replanAfter: Duration, usesIndex: Bool) async throws {
        var settings = PostgresSettings()
        settings.replanAfter = replanAfter
        try await TestDatabase.withPool(size: 1, settings: settings) { pool in
            let name = "probe_\(UUID().uuidString.prefix(8))"
            let join = "SELECT count(*) FROM \(name) p JOIN generate_series(1, 100) g ON g = p.id"
            _ = try await pool.query(
                "CREATE TABLE \(name) (id int PRIMARY KEY) WITH (autovacuum_enabled = false)")
            _ = try await pool.query(join)
            _ = try await pool.query("INSERT INTO \(name) SELECT generate_series(1, 100000)")
            let found = try await pool.query(
                "SELECT name FROM pg_prepared_statements WHERE statement = $1", [.text(join)])
            let statement = try found[0][0].text
            let lines = try await pool.query("EXPLAIN EXECUTE \(statement)")
            let plan = try (0..<lines.count).map { try lines[$0][0].text }.joined(separator: "\n")
            #expect(plan.contains("Index") == usesIndex, "\(plan)")
            _ = try await pool.query("DROP TABLE \(name)")
        }
    }

    /// A plan for any values takes a range for a two-hundredth of the table, and looks each of its rows up in an index.
    @Test(arguments: [(plansForValues: true, usesIndex: false), (false, true)])
    func aWideRangeIsReadAsOne(plansForValues: Bool, usesIndex: Bool) async throws {
        var settings = PostgresSettings()
        settings.plansForValues = plansForValues
        settings.replanAfter = .seconds(3600)
        try await TestDatabase.withPool(size: 1, settings: settings) { pool in
            _ = try await pool.query(
                "CREATE TABLE probe AS SELECT n AS id, repeat('x', 100) AS text FROM generate_series(1, 20000) n ORDER BY md5(n::text)"
            )
            _ = try await pool.query("CREATE INDEX probe_id ON probe (id)")
            _ = try await pool.query("ANALYZE probe")
            let range = "SELECT max(text) FROM probe WHERE id >= $1 AND id < $2"
            let values: [SQLValue] = [.int4(1), .int4(20_001)]
            // Plans for values are tried five times.
            for _ in 0..<8 { _ = try await pool.query(range, values) }
            let found = try await pool.query(
                "SELECT name FROM pg_prepared_statements WHERE statement = $1", [.text(range)])
            let lines = try await pool.query("EXPLAIN EXECUTE \(try found[0][0].text)(1, 20001)")
            let plan = try (0..<lines.count).map { try lines[$0][0].text }.joined(separator: "\n")
            #expect(plan.contains("probe_id") == usesIndex, "\(plan)")
        }
    }

    /// Else a killed client's statement would go on to its end, and hold its locks as long.
    @Test func theServerLooksWhetherItsClientIsStillThere() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            let setting = try await pool.query("SELECT current_setting('client_connection_check_interval', true)")
            #expect(try setting[0, 0].text == "1s")
        }
    }

    @Test func waitingIsBoundedInTimeAndNumber() async throws {
        var settings = PostgresSettings()
        settings.waitTimeout = .seconds(2)
        settings.maximumWaiting = 1
        try await TestDatabase.withPool(size: 1, settings: settings) { pool in
            try await pool.transaction { _ in
                async let first = storageError { _ = try await pool.query("SELECT 1") }
                try await until(pool) { $0.waiting == 1 }
                #expect(try await storageError { _ = try await pool.query("SELECT 1") }.code == .poolExhausted)
                #expect(try await first.code == .poolExhausted)
            }
            #expect(try await pool.query("SELECT 1::int8")[0][0].int == 1)
        }
    }

    @Test func aCancelledCallerLeavesTheLine() async throws {
        try await TestDatabase.withPool(size: 1) { pool in
            try await pool.transaction { _ in
                let waiting = Task { try await pool.query("SELECT 1") }
                try await until(pool) { $0.waiting == 1 }
                waiting.cancel()
                #expect(await waiting.result.isFailure)
                #expect(pool.statistics.waiting == 0)
            }
            #expect(try await pool.query("SELECT 1::int8")[0][0].int == 1)
        }
    }

    @Test func aClosedPoolRefusesAndFinishesWhatIsInHand() async throws {
        let pool = try PostgresPool(url: #require(TestDatabase.url), size: 1, logger: TestDatabase.quiet)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        async let inHand = pool.transaction { transaction in
            signal.finish()
            try await Task.sleep(for: .milliseconds(50))
            return try await transaction.query("SELECT 5::int8")[0][0].int
        }
        for await _ in begun {}
        await pool.close()
        #expect(try await inHand == 5)
        #expect(try await storageError { _ = try await pool.query("SELECT 1") }.code == .poolClosed)
    }

    @Test func aPoolThatIsRunClosesWhenItsTaskIsCancelled() async throws {
        let pool = try PostgresPool(url: #require(TestDatabase.url), size: 1, logger: TestDatabase.quiet)
        let task = Task { await pool.run() }
        #expect(try await pool.query("SELECT 1::int8")[0][0].int == 1)
        task.cancel()
        await task.value
        #expect(try await storageError { _ = try await pool.query("SELECT 1") }.code == .poolClosed)
    }
}

extension Result {
    var isFailure: Bool { if case .failure = self { true } else { false } }
}
