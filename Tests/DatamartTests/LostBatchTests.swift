import Datamart
import Domain
import Projection
import Storage
import Testing

/// Full batches do not wait for the server's disk: when it crashes, rows and progress of the newest ones are gone together,
/// and the holder still remembers them.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct LostBatchTests {
    private let history = RandomHistory(seed: 71, start: 1_774_650_000_000, events: 400, longestPause: 7_200_000)

    /// Applies a batch that the server then has never heard of.
    private func lose(_ events: ArraySlice<ProjectedEvent>, _ world: MartWorld) async throws {
        let stored = try await world.keep()
        try await world.apply(Array(events))
        try await world.putBack(stored)
    }

    @Test func `what waited while other tables took the place writes nothing to them`() async throws {
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[..<200]))
            let before = try await world.everyText()
            try await world.target.giveWay {}
            let late = try #require(history.events.last).at + 40 * 86_400_000
            let fence = world.fence
            let end = ProjectionProgress(position: 300, eventId: history.events[299].id)
            let events = Array(history.events[200..<300])
            let writes: [(String, @Sendable (DatamartTarget) async throws -> Void)] = [
                ("events", { try await $0.apply(events, after: 200, progress: end, fence: fence) }),
                ("time", { _ = try await $0.passTime(through: late, fence: fence) }),
                ("settings", { try await $0.storeSettings(.forTests(), fence: fence) }),
                ("directory", { _ = try await $0.storeDirectory([], knowsPast: false, at: late, fence: fence) }),
                ("partitions", { _ = try await $0.makePartitions(at: late, fence: fence) }),
                ("retention", { _ = try await $0.clearAway(DatamartRetention(), at: late, fence: fence) }),
            ]
            for (name, write) in writes {
                let error = await #expect(throws: ProjectionError.self, "\(name)") { try await write(world.target) }
                #expect(error?.code == .progressMoved, "\(name)")
            }
            #expect(try await world.everyText() == before)
        }
    }

    @Test func `nothing goes on from a batch that is lost`() async throws {
        try await MartWorld.with { world in
            try await world.apply(Array(history.events[..<200]))
            let before = try await world.everyText().count
            let late = try #require(history.events.last).at + 40 * 86_400_000
            let fence = world.fence
            let person = DirectoryPerson(agent: "agent 1", displayName: "Ann", groups: [], skills: nil, isActive: true)
            let writes: [(String, @Sendable (DatamartTarget) async throws -> Void)] = [
                ("time", { _ = try await $0.passTime(through: late, fence: fence) }),
                ("settings", { try await $0.storeSettings(.forTests(), fence: fence) }),
                ("directory", { _ = try await $0.storeDirectory([person], knowsPast: false, at: late, fence: fence) }),
            ]
            for (name, write) in writes {
                try await lose(history.events[200..<300], world)
                let error = await #expect(throws: ProjectionError.self, "\(name)") { try await write(world.target) }
                #expect(error?.code == .progressMoved, "\(name)")
                #expect(try await world.everyText().count == before, "\(name) wrote something")
            }
            // The tables have been read again by now: what follows the batch does not follow what they hold.
            let rest = Array(history.events[300...])
            let end = ProjectionProgress(position: 400, eventId: rest.last?.id)
            let error = await #expect(throws: ProjectionError.self) {
                try await world.target.apply(rest, after: 300, progress: end, fence: fence)
            }
            #expect(error?.code == .progressMoved)
            try await world.apply(Array(history.events[200...]))
            _ = try await world.target.passTime(through: late, fence: fence)
            #expect(try await world.mismatches() == [])
        }
    }
}

extension MartWorld {
    /// Copies every table; put back, in whatever order, they are what a crash leaves.
    fileprivate func keep() async throws -> [String] {
        let references = try await pool.query(
            """
            SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
            WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
            """
        ).map { try $0[0].text }
        let tables = try await pool.query(
            """
            SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
                AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname !~ '^(schema_migration|kept_)'
            """
        ).map { try $0[0].text }
        try await pool.transaction { transaction in
            for reference in references { try await transaction.script(reference) }
            for table in tables {
                try await transaction.script(
                    "DROP TABLE IF EXISTS kept_\(table); CREATE TABLE kept_\(table) AS TABLE \(table)")
            }
        }
        return tables
    }

    fileprivate func putBack(_ tables: [String]) async throws {
        try await pool.transaction { transaction in
            for table in tables {
                // What triggers make of rows is among what was kept.
                try await transaction.script(
                    """
                    ALTER TABLE \(table) DISABLE TRIGGER USER;
                    DELETE FROM \(table); INSERT INTO \(table) SELECT * FROM kept_\(table); DROP TABLE kept_\(table);
                    ALTER TABLE \(table) ENABLE TRIGGER USER;
                    """)
            }
        }
    }
}
