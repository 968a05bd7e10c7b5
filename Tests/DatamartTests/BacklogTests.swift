import Datamart
import Domain
import Storage
import Testing

/// The backlog at instants and by intervals, against the sum of all changes before.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct BacklogTests {
    /// About a week of items that cross midnights and bands of age.
    private static func history(from start: Int64) -> RandomHistory {
        RandomHistory(seed: 81, start: start, events: 300, longestPause: 60_000_000)
    }

    /// All changes, as the 15-minute table has them while nothing is purged.
    private static let truth = """
        CREATE TEMP TABLE truth AS SELECT * FROM backlog_15m;
        CREATE FUNCTION pg_temp.open_at(moment timestamptz) RETURNS TABLE (
            category_key int, queue_key int, source_key int, status_key smallint, age_band_key smallint, overdue boolean,
            items bigint) LANGUAGE sql AS $$
            SELECT category_key, queue_key, source_key, status_key, age_band_key, overdue, sum(change) FROM truth
            WHERE starts_at < moment GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(change) <> 0 $$;
        """

    /// How many rows of two queries with the same columns differ.
    private static func differing(_ left: String, _ right: String) -> String {
        "SELECT count(*) FROM ((\(left) EXCEPT \(right)) UNION ALL (\(right) EXCEPT \(left))) d"
    }

    @Test func `each interval carries what was open at its beginning and at its end`() async throws {
        try await MartWorld.with { world in
            // The views go on to the present.
            let history = Self.history(from: Instant.now.milliseconds - 14 * 86_400_000)
            try await world.apply(history.events)
            let last = try #require(history.events.last).at
            _ = try await world.target.passTime(through: last, fence: world.fence)
            let names = ["15m", "30m", "hour", "day", "week", "month", "quarter", "year"]
            try await world.pool.transaction(timeLimit: .seconds(400)) { transaction in
                try await transaction.script(Self.truth)
                let open = try await transaction.query("SELECT sum(items)::bigint FROM pg_temp.open_at('infinity')")
                #expect(try open[0][0].int64 > 10)
                for name in names {
                    let column =
                        ["15m", "30m", "hour"].contains(name) ? "starts_at" : name == "day" ? "day" : "first_day"
                    let moment =
                        column == "starts_at" ? "i.at" : "(i.at::timestamp AT TIME ZONE z.name)"
                    // The short ones are worked out from all quarters: one zone whose hours begin at 45 minutes.
                    for zone in column == "starts_at" ? 3...3 : 1...3 {
                        try await transaction.script(
                            """
                            DROP TABLE IF EXISTS pg_temp.shown;
                            CREATE TEMP TABLE shown AS SELECT * FROM backlog_open_\(name) WHERE zone_key = \(zone);
                            """)
                        let kind = "category_key, queue_key, source_key, status_key, age_band_key, overdue"
                        // Every interval that has a change, and one in seven of the rest.
                        let differing = Self.differing(
                            """
                            SELECT i.at, s.* FROM checked i, dim_time_zone z, LATERAL pg_temp.open_at(\(moment)) s
                            WHERE z.zone_key = \(zone)
                            """,
                            """
                            SELECT \(column), \(kind), opening FROM pg_temp.shown JOIN checked ON at = \(column)
                            WHERE opening <> 0
                            """)
                        let wrong = try await transaction.query(
                            """
                            WITH numbered AS (
                                SELECT \(column) AS at, bool_or(change <> 0) AS changes, row_number() OVER (ORDER BY \(column)) AS n
                                FROM pg_temp.shown GROUP BY \(column)
                            ), checked AS MATERIALIZED (
                                SELECT at FROM numbered WHERE (changes AND n % 5 = 0) OR n % 701 = 1
                            )
                            \(differing)
                            """)
                        #expect(try wrong[0][0].int64 == 0, "\(name) of zone \(zone)")
                        let ends = try await transaction.query(
                            """
                            SELECT count(*), count(*) FILTER (WHERE opening + change <> closing),
                                sum(closing) FILTER (WHERE \(column) = (SELECT max(\(column)) FROM pg_temp.shown))::bigint
                            FROM pg_temp.shown
                            """)
                        #expect(try ends[0][0].int64 > 0 && (try ends[0][1].int64) == 0, "\(name) of zone \(zone)")
                        #expect(try ends[0][2].int64 == (try open[0][0].int64), "\(name) of zone \(zone)")
                    }
                }
            }
        }
    }

    /// Clocks go back from one o'clock to midnight.
    @Test(arguments: [
        ("Atlantic/Azores", "2026-10-24T21:00:00Z", "2026-10-25T00:00:00Z"),
        ("America/Havana", "2026-11-01T01:00:00Z", "2026-11-01T04:00:00Z"),
    ])
    func `a day whose midnight comes twice begins with the first`(
        zone: String, start: String, midnight: String
    )
        async throws
    {
        var settings = MartSettings.forTests()
        settings.mart.timeZones = [zone]
        try await MartWorld.with(settings: settings) { world in
            let history = RandomHistory(
                seed: 83, start: try #require(Instant(rfc3339: start)).milliseconds, events: 400,
                longestPause: 9_000_000)
            try await world.apply(history.events)
            let midnight = try #require(Instant(rfc3339: midnight)).milliseconds
            let kind = "category_key, queue_key, source_key, status_key, age_band_key, overdue"
            // Also back from the next midnight, where the 15-minute table begins within the day before.
            for floor in ["-infinity", Instant(milliseconds: midnight - 3_600_000).rfc3339] {
                _ = try await world.pool.query(
                    "UPDATE projection_progress SET intraday_floor = $1::text::timestamptz", [.text(floor)])
                let found = try await world.pool.query(
                    """
                    WITH moment AS (
                        SELECT $1::timestamptz + n * interval '15 minutes' AS at FROM generate_series(-4, 40) n
                    ), shown AS (
                        SELECT m.at, b.* FROM dim_time_zone z, moment m, LATERAL backlog_at(z.zone_key, m.at) b WHERE z.name = $2
                    ), truth AS (
                        SELECT m.at, \(kind), sum(change) FROM moment m JOIN backlog_15m q ON q.starts_at < m.at
                        GROUP BY m.at, \(kind) HAVING sum(change) <> 0
                    )
                    SELECT (SELECT count(*) FROM truth),
                        (SELECT count(*) FROM backlog_15m WHERE starts_at >= $1 AND starts_at < $1::timestamptz + interval '1 hour'),
                        (SELECT count(*) FROM ((TABLE shown EXCEPT TABLE truth) UNION ALL (TABLE truth EXCEPT TABLE shown)) d)
                    """, [.timestamp(milliseconds: midnight), .text(zone)])
                #expect(try found[0][0].int64 > 100 && (try found[0][1].int64) > 5, "\(floor)")
                #expect(try found[0][2].int64 == 0, "\(floor)")
            }
        }
    }

    @Test func `the day on which the 15-minute table begins has its backlog, whatever the zone's midnight`()
        async throws
    {
        try await MartWorld.with { world in
            let history = Self.history(from: 1_774_650_000_000)
            try await world.apply(history.events)
            let last = try #require(history.events.last).at + 5 * 86_400_000
            var retention = DatamartRetention()
            (retention.events, retention.intraday, retention.history) = (400, 7, 3650)
            let truth = try await world.pool.query("SELECT count(*) FROM backlog_15m")
            #expect(try truth[0][0].int64 > 100)
            _ = try await world.pool.query("CREATE TABLE all_changes AS SELECT * FROM backlog_15m")
            _ = try await world.target.clearAway(retention, at: last, fence: world.fence)
            let floor = try await world.pool.query(
                "SELECT intraday_floor, isfinite(intraday_floor) FROM projection_progress")
            #expect(try floor[0][1].bool)
            // Stockholm's midnight is before the floor, which is one of UTC; Kathmandu's is before and after.
            for zone in 1...3 {
                for quarter in [0, 1, 3, 7, 20, 73, 90, 95, 96, 150] {
                    let kind = "category_key, queue_key, source_key, status_key, age_band_key, overdue"
                    let wrong = try await world.pool.query(
                        Self.differing(
                            """
                            SELECT b.* FROM projection_progress p,
                                LATERAL backlog_at(\(zone)::smallint, p.intraday_floor + \(quarter) * interval '15 minutes') b
                            """,
                            """
                            SELECT \(kind), sum(change) FROM all_changes, projection_progress
                            WHERE starts_at < intraday_floor + \(quarter) * interval '15 minutes'
                            GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(change) <> 0
                            """))
                    #expect(try wrong[0][0].int64 == 0, "zone \(zone), \(quarter) quarters after the floor")
                }
            }
        }
    }
}
