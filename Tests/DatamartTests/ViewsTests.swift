import Datamart
import Domain
import Storage
import Testing

/// Aggregates by longer stretches against the tables that they are sums of, with the stretches worked out by other means.
@Suite(.enabled(if: MartWorld.url != nil, "no database"), .timeLimit(.minutes(10)))
struct ViewsTests {
    private static let half =
        "date_trunc('hour', wall) + floor(extract(minute FROM wall) / 30) * interval '30 minutes'"
    /// What a row's time on the wall, or its day, begins with; the week from Monday.
    private static let stretches = [
        ("30m", half), ("hour", "date_trunc('hour', wall)"),
        ("week", "day - (extract(isodow FROM day)::int - 1)"),
        ("month", "make_date(extract(year FROM day)::int, extract(month FROM day)::int, 1)"),
        (
            "quarter",
            "make_date(extract(year FROM day)::int, (extract(month FROM day)::int - 1) / 3 * 3 + 1, 1)"
        ),
        ("year", "make_date(extract(year FROM day)::int, 1, 1)"),
    ]

    /// Clocks go forward, and back, in Stockholm; a month, a quarter and a year end.
    @Test(arguments: ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z", "2026-12-30T20:00:00Z"])
    func `each view of an aggregate is the sum of its base table`(start: String) async throws {
        try await MartWorld.with { world in
            let history = RandomHistory(
                seed: 91, start: try #require(Instant(rfc3339: start)).milliseconds, events: 300,
                longestPause: 30_000_000)
            try await world.apply(history.events)
            _ = try await world.target.passTime(through: try #require(history.events.last).at, fence: world.fence)
            for aggregate in Aggregate.allCases {
                let keys = aggregate.keyColumns.joined(separator: ", ")
                let sums = aggregate.measureColumns.map { "sum(\($0))::bigint AS \($0)" }.joined(separator: ", ")
                let measures = aggregate.measureColumns.joined(separator: ", ")
                for (name, stretch) in Self.stretches {
                    let isIntraday = name == "30m" || name == "hour"
                    // An hour that the clock shows twice is two: they differ by their distance from UTC.
                    let off = "(starts_at AT TIME ZONE z.name) - (starts_at AT TIME ZONE 'UTC')"
                    let base =
                        isIntraday
                        ? """
                        SELECT zone_key, \(stretch) AS stretch, off, \(keys), \(sums) FROM (
                            SELECT z.zone_key, starts_at AT TIME ZONE z.name AS wall, \(off) AS off, a.*
                            FROM \(aggregate.table)_15m a, dim_time_zone z
                        ) a GROUP BY zone_key, stretch, off, \(keys)
                        """
                        : """
                        SELECT zone_key, \(stretch) AS stretch, \(keys), \(sums) FROM \(aggregate.table)_day
                        GROUP BY zone_key, stretch, \(keys)
                        """
                    let view =
                        isIntraday
                        ? """
                        SELECT z.zone_key, starts_at AT TIME ZONE z.name, \(off), \(keys), \(measures)
                        FROM \(aggregate.table)_\(name) JOIN dim_time_zone z USING (zone_key)
                        """
                        : "SELECT zone_key, first_day, \(keys), \(measures) FROM \(aggregate.table)_\(name)"
                    let found = try await world.pool.transaction { transaction in
                        try await transaction.script("SET LOCAL jit = off")
                        return try await transaction.query(
                            """
                            WITH base AS MATERIALIZED (\(base)), shown AS MATERIALIZED (\(view))
                            SELECT (SELECT count(*) FROM base), (SELECT count(*) FROM (TABLE base EXCEPT TABLE shown) m),
                                (SELECT count(*) FROM (TABLE shown EXCEPT TABLE base) u)
                            """)
                    }
                    #expect(try found[0][0].int64 > 5, "\(aggregate.table)_\(name)")
                    #expect(try found[0][1].int64 == 0, "\(aggregate.table)_\(name) lacks rows")
                    #expect(try found[0][2].int64 == 0, "\(aggregate.table)_\(name) has other rows")
                }
            }
            guard start.hasPrefix("2026-10") else { return }
            let twice = try await world.pool.query(
                """
                SELECT count(DISTINCT starts_at) FROM agg_agent_hour
                WHERE zone_key = 1 AND starts_at IN ('2026-10-25T00:00Z', '2026-10-25T01:00Z')
                """)
            #expect(try twice[0][0].int64 == 2, "both hours from 02:00 on are there")
        }
    }
}
