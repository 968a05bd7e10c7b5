import Storage

extension MartSchema {
    private static let kind = ["category_key", "queue_key", "source_key", "status_key", "age_band_key", "overdue"]

    private static func kind(of row: String) -> String { kind.map { "\(row).\($0)" }.joined(separator: ", ") }

    /// Levels out of changes: of each kind a row at each change, which goes on in every interval until the next.
    ///
    /// Intervals are numbered, so that going on costs a number and no time of any zone's clock. Number 0 is what was before
    /// the first: all that ever was, less what is kept.
    /// - Parameters:
    ///   - column: of the interval's beginning.
    ///   - spine: each stretch that a row of the table may have as `piece`, with its zone and the interval that it is of.
    ///   - table: whose rows of a zone, or of all, have `piece` in their column `place`.
    private static func view(
        _ name: String, _ column: String, spine: String, from table: String, place: String, ofZone: Bool
    ) -> String {
        let changes = "\(table) q JOIN spine s ON s.piece = q.\(place)\(ofZone ? " AND s.zone_key = q.zone_key" : "")"
        return """
            CREATE VIEW backlog_open_\(name) AS
            WITH spine AS (
                SELECT b.*, dense_rank() OVER (PARTITION BY b.zone_key ORDER BY b.\(column)) AS n FROM (\(spine)) b
            ), interval_of AS (
                SELECT DISTINCT s.zone_key, s.\(column), s.n FROM spine s
            ), newest AS (
                SELECT i.zone_key, max(i.n) AS n FROM interval_of i GROUP BY i.zone_key
            )
            SELECT l.zone_key, i.\(column), \(kind(of: "l")),
                CASE WHEN i.n = l.n THEN l.closing - l.change ELSE l.closing END AS opening,
                CASE WHEN i.n = l.n THEN l.change ELSE 0 END AS change, l.closing
            FROM (
                SELECT c.*, (sum(c.change) OVER w)::bigint AS closing, lead(c.n) OVER w AS next_n
                FROM (
                    SELECT u.zone_key, u.n, \(kind(of: "u")), sum(u.change) AS change
                    FROM (
                        SELECT s.zone_key, s.n, \(kind(of: "q")), q.change FROM \(changes)
                        UNION ALL
                        SELECT s.zone_key, 0, \(kind(of: "q")), -q.change FROM \(changes)
                        UNION ALL
                        SELECT m.zone_key, 0, \(kind(of: "m")), m.change FROM backlog_month m
                    ) u GROUP BY u.zone_key, u.n, \(kind(of: "u"))
                ) c
                WINDOW w AS (PARTITION BY c.zone_key, \(kind(of: "c")) ORDER BY c.n)
            ) l
            JOIN newest e ON e.zone_key = l.zone_key
            CROSS JOIN LATERAL generate_series(greatest(l.n, 1), coalesce(l.next_n - 1, e.n)) g (n)
            JOIN interval_of i ON i.zone_key = l.zone_key AND i.n = g.n
            WHERE l.closing <> 0 OR (i.n = l.n AND l.change <> 0);

            """
    }

    /// Of the quarters of an hour that the 15-minute table still holds, by what the clock on the zone's wall shows.
    private static func intraday(_ name: String, _ stride: String) -> String {
        view(
            name, "starts_at",
            spine: """
                SELECT z.zone_key, t.quarter AS piece, t.quarter - ((t.quarter AT TIME ZONE z.name)
                    - date_bin('\(stride)', t.quarter AT TIME ZONE z.name, timestamp '2000-01-01')) AS starts_at
                FROM dim_time_zone z, projection_progress p, (
                    SELECT date_bin('15 minutes', min(starts_at), '2000-01-01Z') AS first, max(starts_at) AS last
                    FROM backlog_15m
                ) r, LATERAL generate_series(
                    CASE WHEN isfinite(p.intraday_floor) THEN date_bin('15 minutes', p.intraday_floor, '2000-01-01Z')
                        ELSE coalesce(r.first, date_bin('15 minutes', now(), '2000-01-01Z')) END,
                    greatest(r.last, now()), interval '15 minutes') t (quarter)
                """, from: "backlog_15m", place: "starts_at", ofZone: false)
    }

    /// Of the days, or months, that are kept.
    private static func days(_ name: String, _ column: String, _ unit: String, from table: String) -> String {
        let day = table == "backlog_month" ? "month" : "day"
        return view(
            name, column,
            spine: """
                SELECT z.zone_key, t.day::date AS piece, date_trunc('\(unit)', t.day)::date AS \(column)
                FROM dim_time_zone z, projection_progress p, (
                    SELECT min(\(day)) AS first, max(\(day)) AS last FROM \(table) WHERE isfinite(\(day))
                ) r, LATERAL generate_series(
                    date_trunc('\(day)', (CASE WHEN isfinite(p.history_floor) THEN p.history_floor
                        ELSE coalesce(r.first, (now() AT TIME ZONE z.name)::date) END)::timestamp),
                    greatest(r.last, (now() AT TIME ZONE z.name)::date)::timestamp, interval '1 \(day)') t (day)
                """, from: table, place: day, ofZone: true)
    }

    /// The backlog by intervals, each with what was open at its beginning and at its end. Each kind of open item has a row in
    /// every interval in which there is one of it, or one comes or goes.
    static let backlogOpen = Migration(
        version: 103,
        name: "backlog by intervals",
        sql: intraday("15m", "15 minutes") + intraday("30m", "30 minutes") + intraday("hour", "1 hour")
            + days("day", "day", "day", from: "backlog_day") + days("week", "first_day", "week", from: "backlog_day")
            + days("month", "first_day", "month", from: "backlog_month")
            + days("quarter", "first_day", "quarter", from: "backlog_month")
            + days("year", "first_day", "year", from: "backlog_month"))
}
