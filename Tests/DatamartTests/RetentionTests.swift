import Datamart
import Domain
import Foundation
import Projection
import Storage
import Testing

@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct RetentionTests {
    /// Ends about a month after it began.
    private let history = RandomHistory(seed: 61, start: 1_774_650_000_000, events: 500, longestPause: 150_000_000)

    private func retention(events: Int, intraday: Int, history: Int) -> DatamartRetention {
        var retention = DatamartRetention()
        (retention.events, retention.intraday, retention.history) = (events, intraday, history)
        return retention
    }

    private func number(_ sql: String, _ world: MartWorld) async throws -> Int64 {
        try await world.pool.query(sql)[0][0].int64
    }

    @Test func `what is not final stays with all its steps, what is final and old goes`() async throws {
        try await MartWorld.with { world in
            try await world.apply(history.events)
            let last = try #require(history.events.last).at
            _ = try await world.target.passTime(through: last, fence: world.fence)
            let open = try await number("SELECT count(*) FROM task_fact WHERE NOT is_final", world)
            let steps = try await number(
                "SELECT count(*) FROM task_event_fact e JOIN task_fact t USING (item) WHERE NOT t.is_final", world)
            let backlog = try await world.backlog()
            #expect(open > 20 && steps > 50)
            let cleared = try await world.target.clearAway(
                retention(events: 12, intraday: 7, history: 365), at: last, fence: world.fence)
            #expect(cleared.rows > 10)
            #expect(cleared.partitions > 5)
            #expect(try await number("SELECT count(*) FROM task_fact WHERE NOT is_final", world) == open)
            #expect(
                try await number(
                    "SELECT count(*) FROM task_event_fact e JOIN task_fact t USING (item) WHERE NOT t.is_final", world)
                    == steps)
            let mark = last - 12 * 86_400_000
            let late = try await world.pool.query(
                "SELECT count(*) FROM task_fact WHERE is_final AND finished_at < $1",
                [.timestamp(milliseconds: mark.milliseconds)])
            #expect(try late[0][0].int64 == 0)
            #expect(try await world.backlog() == backlog, "a purge changes no backlog")
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `the backlog outlives the years that it was made of`() async throws {
        try await MartWorld.with { world in
            try await world.apply(history.events)
            let last = try #require(history.events.last).at
            let backlog = try await world.backlog()
            // Everything is older than a year by then.
            let cleared = try await world.target.clearAway(
                retention(events: 36_500, intraday: 7, history: 365), at: last + 800 * 86_400_000, fence: world.fence)
            #expect(cleared.partitions > 0)
            #expect(try await number("SELECT count(*) FROM agg_day", world) == 0)
            #expect(try await world.backlog() == backlog)
            // What comes after it is counted on.
            let more = RandomHistory(seed: 61, start: 1_774_650_000_000, events: 560, longestPause: 150_000_000)
            try await world.apply(Array(more.events[500...]))
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `what jobs did goes after 90 days, but not of those that go on`() async throws {
        try await MartWorld.with { world in
            let now = Instant(milliseconds: 1_774_650_000_000)
            for (job, days) in [("old", Int64(91)), ("young", 89)] {
                let told = now - days * 86_400_000
                _ = try await world.pool.query(
                    """
                    INSERT INTO job_run (id, job, instance, started_at, told_at, outcome)
                    VALUES (gen_random_uuid(), $1, 'test', '2020-01-01', $2, 'succeeded')
                    """, [.text(job), .timestamp(milliseconds: told.milliseconds)])
            }
            let cleared = try await world.target.clearAway(DatamartRetention(), at: now, fence: world.fence)
            #expect(cleared.rows == 1)
            let left = try await world.pool.query("SELECT job FROM job_run")
            #expect(try left.map { try $0[0].text } == ["young"])
        }
    }

    @Test func `names that no item has are looked for in one pass, however many there are`() async throws {
        try await MartWorld.with { world in
            for statement in ClearAway.forgettingNames + [ClearAway.unusedResults] {
                try await world.pool.transaction { transaction in
                    try await transaction.script("SET LOCAL work_mem = '64kB'")
                    let lines = try await transaction.query("EXPLAIN \(statement.sql)").map { try $0[0].text }
                    let plan = lines.joined(separator: "\n")
                    #expect(plan.contains("Anti Join") && !plan.contains("SubPlan"), "\(plan)")
                }
            }
        }
    }

    @Test func `values of custom attributes that an item has stay, others go`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann", country: "SE")
            try await world.apply([life.submitted])
            _ = try await world.pool.query(
                """
                INSERT INTO dim_custom (custom_key, slot, attribute, value)
                SELECT n, n % 20 + 1, 'country', 'nobody ' || n FROM generate_series(1000, 21000) n
                """)
            #expect(try await world.target.forgetNames(world.fence) == 20_001)
            let left = try await world.pool.query("SELECT value FROM dim_custom WHERE custom_key > 0")
            #expect(try left.map { try $0[0].text } == ["SE"])
        }
    }

    @Test func `partitions are made ahead, and once`() async throws {
        try await MartWorld.with { world in
            let now = Instant(milliseconds: 1_774_650_000_000)
            let made = try await world.target.makePartitions(at: now, fence: world.fence)
            #expect(made > 20)
            #expect(try await world.target.makePartitions(at: now, fence: world.fence) == 0)
            try await world.apply(history.events)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `a customer who is erased is nowhere any more, and no total changes`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann Unmistakable", country: "Ruritania", result: "Ann Ek called back")
            try await world.apply([life.submitted, life.held, life.resumed, life.ended])
            let totals = try await world.contents()
            let before = try await world.pool.query(
                "SELECT reason, capture_id FROM task_fact t JOIN task_event_fact USING (item)")
            #expect(try before.contains { try $0[0].nullable?.text == "asked for by Ann" })
            try await world.apply([life.erasedWhenEnded])
            _ = try await world.target.forgetNames(world.fence)
            #expect(try await world.contents() == totals, "every aggregate is what it was")
            let left = try await world.everyText()
            for word in ["Ann", "Ruritania", "C-4711"] {
                #expect(!left.contains { $0.contains(word) }, "\(word) is still there")
            }
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `results that an item or a step has stay, others go, and one that comes again has a key`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann", country: "SE")
            try await world.apply([life.submitted, life.held, life.resumed, life.ended, life.restarted])
            _ = try await world.pool.query(
                "INSERT INTO dim_result_code (result_code_key, name) SELECT n, 'nobody ' || n FROM generate_series(7, 40) n"
            )
            #expect(try await world.target.forgetNames(world.fence) == 34)
            let names = "SELECT name FROM dim_result_code WHERE result_code_key > 0 ORDER BY 1"
            #expect(
                try await world.pool.query(names).map { try $0[0].text } == ["(other)", "autocomplete", "solved"],
                "a step has it, though the item has it no more")
            #expect(try await world.target.forgetNames(world.fence) == 0)
            try await world.apply([life.endedAgain("nobody 7")])
            #expect(try await world.pool.query(names).map { try $0[0].text }.contains("nobody 7"))
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `a customer whose item is gone is nowhere any more, and no total changes`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann Unmistakable", country: "Ruritania", result: "Ann Ek called back")
            try await world.apply([life.submitted, life.held, life.resumed, life.ended, life.bounced])
            let totals = try await world.contents()
            let steps = try await number("SELECT count(*) FROM task_event_fact", world)
            try await world.apply([life.erasedWhenGone(former: false)])
            _ = try await world.target.forgetNames(world.fence)
            #expect(try await world.contents() == totals, "every aggregate is what it was")
            #expect(try await number("SELECT count(*) FROM task_event_fact", world) == steps)
            #expect(
                try await number("SELECT count(*) FROM task_fact", world) == 1, "nothing is known of the other item")
            let left = try await world.everyText()
            for word in ["Ann", "Ruritania", "C-4711", "ann@example.org"] {
                #expect(!left.contains { $0.contains(word) }, "\(word) is still there")
            }
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `of a gone item that had become another customer's nothing goes but reasons`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Bob", country: "SE")
            try await world.apply([life.submitted, life.held, life.resumed, life.ended, life.bounced])
            try await world.apply([life.erasedWhenGone(former: true)])
            let rows = try await world.pool.query(
                """
                SELECT c.name, t.erased, t.capture_id, r.name, (SELECT count(*) FROM task_event_fact WHERE reason IS NOT NULL)
                FROM task_fact t JOIN dim_customer c USING (customer_key) JOIN dim_result_code r USING (result_code_key)
                """)
            #expect(try rows[0][0].text == "Bob")
            #expect(try rows[0][1].bool == false)
            #expect(try rows[0][2].text == "C-4711")
            #expect(try rows[0][3].text == "solved")
            #expect(try rows[0][4].int64 == 0)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `an item that has become another customer's keeps what it says now`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann", country: "SE")
            try await world.apply([life.submitted, life.held, life.resumed, life.erasedOfThePast])
            let rows = try await world.pool.query(
                """
                SELECT c.name, t.erased, t.capture_id, (SELECT count(*) FROM task_event_fact WHERE reason IS NOT NULL)
                FROM task_fact t JOIN dim_customer c USING (customer_key)
                """)
            #expect(try rows[0][0].text == "Bob")
            #expect(try rows[0][1].bool == false)
            #expect(try rows[0][2].text == "C-4711")
            #expect(try rows[0][3].int64 == 0, "whose reasons they were is not known: none is kept")
            #expect(try await !world.everyText().contains { $0.contains("Ann") })
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `what is told after an erasure stays, also when both come in one batch`() async throws {
        try await MartWorld.with { world in
            let life = OneItem(customer: "Ann", country: "SE")
            try await world.apply([life.submitted, life.held, life.resumed, life.erased, life.completed])
            let codes = try await world.pool.query(
                "SELECT r.name FROM task_event_fact JOIN dim_result_code r USING (result_code_key) WHERE revision = 5")
            #expect(try codes.map { try $0[0].text } == ["solved"])
            #expect(try await world.mismatches() == [])
        }
    }
}

extension MartWorld {
    /// Open items by kind, from the changes of all months.
    func backlog() async throws -> [String] {
        try await pool.query(
            """
            SELECT concat_ws(' ', zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue, sum(change))
            FROM backlog_month GROUP BY zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue
            HAVING sum(change) <> 0 ORDER BY 1
            """
        ).map { try $0[0].text }
    }

    /// Every row of every table as text.
    func everyText() async throws -> [String] {
        let tables = try await pool.query(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'schema_migration'"
        ).map { try $0[0].text }
        var rows: [String] = []
        for table in tables { rows += try await pool.query("SELECT t::text FROM \(table) t").map { try $0[0].text } }
        return rows
    }
}
