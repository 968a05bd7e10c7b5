import Datamart
import Domain
import Foundation
import Projection
import Storage
import Testing

/// Whatever happens, in whatever batches: the mart equals its recomputation, table by table, to the last count.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct MartEqualityTests {
    /// Times that clocks disagree about, items over midnights and months and changes of the clock, restarts, erasures.
    @Test(arguments: [UInt64(11), 12, 13, 14])
    func `random histories in random batches, with time passing before and after its events`(seed: UInt64) async throws
    {
        // From minutes between events to most of a day.
        let pause: Int64 = [600_000, 3_600_000, 10_000_000, 40_000_000][Int(seed % 4)]
        let history = RandomHistory(seed: seed, start: 1_774_650_000_000, events: 700, longestPause: pause)
        try await MartWorld.with { first in
            var world = first
            var dice = Dice(seed: seed + 100)
            var rest = history.events[...]
            while let first = rest.first {
                let batch = Array(rest.prefix(Int.random(in: 1...80, using: &dice)))
                rest = rest.dropFirst(batch.count)
                try await world.apply(batch)
                if dice.one(in: 5) { try await world.elect() }
                if dice.one(in: 4) {
                    let at = first.at + Int64.random(in: -pause...pause, using: &dice)
                    _ = try await world.target.passTime(through: at, fence: world.fence)
                }
            }
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `however events are cut into batches, the tables are the same`() async throws {
        let history = RandomHistory(seed: 21, start: 1_774_650_000_000, events: 160, longestPause: 7_200_000)
        var dumps: [[String]] = []
        for size in [1, 7, 160] {
            try await MartWorld.with { world in
                for start in stride(from: 0, to: 160, by: size) {
                    try await world.apply(Array(history.events[start..<min(160, start + size)]))
                }
                dumps.append(try await world.contents())
            }
        }
        #expect(dumps[0] == dumps[1])
        #expect(dumps[1] == dumps[2])
    }

    @Test func `a repeated batch and one that leaves something out are refused, and change nothing`() async throws {
        let history = RandomHistory(seed: 31, start: 1_774_650_000_000, events: 100, longestPause: 600_000)
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[..<60]))
            await #expect(throws: ProjectionError.self) { try await world.apply(Array(history.events[..<60])) }
            try await world.apply(Array(history.events[60...]))
            #expect(try await world.mismatches() == [])
            #expect(try await world.target.progress().position == 100)
        }
    }

    @Test func `nothing is written under an old term`() async throws {
        let history = RandomHistory(seed: 41, start: 1_774_650_000_000, events: 100, longestPause: 600_000)
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[..<50]))
            _ = try await world.target.nextTerm(holder: "another")
            await #expect(throws: StorageError.self) { try await world.apply(Array(history.events[50...])) }
            await #expect(throws: StorageError.self) {
                _ = try await world.target.passTime(through: history.events[60].at, fence: world.fence)
            }
            #expect(try await world.target.progress().position == 50)
            #expect(try await world.mismatches() == [])
        }
    }

    @Test func `the comparison notices a count that is off by one`() async throws {
        let history = RandomHistory(seed: 51, start: 1_774_650_000_000, events: 300, longestPause: 600_000)
        try await MartWorld.with { world in
            try await world.apply(history.events)
            for sql in [
                "UPDATE agg_15m SET entered = entered + 1 WHERE ctid = (SELECT ctid FROM agg_15m LIMIT 1)",
                "UPDATE backlog_day SET change = change + 1 WHERE ctid = (SELECT ctid FROM backlog_day LIMIT 1)",
                "UPDATE agg_agent_day SET busy_ms = busy_ms + 1",
                "UPDATE task_work_fact SET began_at = began_at + interval '1 ms'",
            ] { _ = try await world.pool.query(sql) }
            let tables = try await world.mismatches().map { String($0.prefix { $0 != ":" }) }
            #expect(Set(tables) == ["agg_15m", "backlog_day", "agg_agent_day", "task_work_fact"])
        }
    }

    @Test func `the comparison notices a column that is another`() async throws {
        let changes = [
            ("task_fact", "calendar_key = calendar_key + 1", "true"),
            ("task_fact", "finish_business_ms = finish_business_ms + 1", "finish_business_ms IS NOT NULL"),
            ("task_fact", "waiting_since = waiting_since + interval '1 ms'", "waiting_since IS NOT NULL"),
            ("task_fact", "assigned_since = NULL", "assigned_since IS NOT NULL"),
            ("task_fact", "held_since = NULL", "held_since IS NOT NULL"),
            ("task_fact", "work_number = work_number + 1", "true"),
            ("task_fact", "work_started_at = NULL", "work_started_at IS NOT NULL"),
            ("task_fact", "next_change_at = next_change_at + interval '1 ms'", "next_change_at IS NOT NULL"),
            ("task_fact", "counted_through = 'infinity'", "true"),
            ("task_event_fact", "priority_band_key = priority_band_key % 10 + 1", "NOT priority IS NULL"),
            ("email_fact", "attempts = attempts + 1", "true"),
            ("email_fact", "first_position = first_position + 1", "true"),
            ("email_fact", "category_key = category_key + 1", "item IN (SELECT item FROM task_fact)"),
            ("email_fact", "category_key = 1", "item IS NULL"), ("backlog_total_15m", "overdue = overdue + 1", "true"),
            ("agent_fact", "state = 'away'", "true"), ("agent_fact", "revision = revision + 1", "true"),
        ]
        let history = RandomHistory(seed: 52, start: 1_774_650_000_000, events: 300, longestPause: 600_000)
        try await MartWorld.with { world in
            try await world.apply(history.events)
            for table in Set(changes.map(\.0)) {
                _ = try await world.pool.query("CREATE TABLE as_it_was_\(table) AS TABLE \(table)")
            }
            for (table, change, which) in changes {
                let changed = try await world.pool.query(
                    "UPDATE \(table) SET \(change) WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM \(table) WHERE \(which) LIMIT 1)"
                ).rowsAffected
                #expect(changed == 1, "\(change)")
                let tables = Set(try await world.mismatches().map { String($0.prefix { $0 != ":" }) })
                // The band of a pick is also what is counted by.
                #expect(tables.contains(table), "\(change)")
                if table != "task_event_fact" { #expect(tables == [table], "\(change)") }
                try await world.pool.transaction {
                    try await $0.script("DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM as_it_was_\(table)")
                }
            }
            #expect(try await world.mismatches() == [])
        }
    }
}

extension MartWorld {
    /// Every row of the aggregates, by names rather than keys where a key depends on what came first.
    func contents() async throws -> [String] {
        let tables = try await pool.query(
            """
            SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'
                AND table_name ~ '^(agg(_[a-z]+)?|backlog)_(15m|day|month)$' ORDER BY 1
            """
        ).map { try $0[0].text }
        var rows: [String] = []
        for table in tables {
            let content = try await pool.query(
                "SELECT t::text FROM \(table) t \(table.hasPrefix("backlog") ? "WHERE change <> 0" : "") ORDER BY 1")
            rows += try content.map { "\(table) \(try $0[0].text)" }
        }
        return rows
    }
}
