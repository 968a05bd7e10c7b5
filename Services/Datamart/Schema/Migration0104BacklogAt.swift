import Storage

extension MartSchema {
    /// The backlog within a day of which the 15-minute table holds only the end: the day on which its retention begins, in
    /// zones whose midnight is another than the one by which it is cut.
    static let backlogAtFloor = Migration(
        version: 104,
        name: "backlog where the 15-minute table begins",
        sql: """
            -- The backlog at an instant: whole quarters before it. From midnight on, or, where the 15-minute table begins after
            -- midnight, back from the next one. Of instants that it does not reach there are no rows, but at midnights.
            CREATE OR REPLACE FUNCTION backlog_at(zone smallint, moment timestamptz) RETURNS TABLE (
                category_key int, queue_key int, source_key int, status_key smallint, age_band_key smallint, overdue boolean,
                items bigint) LANGUAGE sql STABLE
            BEGIN ATOMIC
                WITH place AS (
                    SELECT d.midnight, d.day,
                        CASE WHEN d.midnight >= p.intraday_floor OR d.midnight = moment THEN 'after'
                            WHEN moment >= p.intraday_floor THEN 'before' END AS way,
                        (d.day + 1)::timestamp AT TIME ZONE d.zone_name AS next_midnight
                    FROM projection_progress p, (
                        SELECT (moment AT TIME ZONE z.name)::date AS day, z.name AS zone_name,
                            date_trunc('day', moment AT TIME ZONE z.name) AT TIME ZONE z.name AS midnight
                        FROM dim_time_zone z WHERE z.zone_key = zone
                    ) d
                )
                SELECT c.category_key, c.queue_key, c.source_key, c.status_key, c.age_band_key, c.overdue, sum(c.items)::bigint
                FROM (
                    SELECT d.* FROM place,
                        LATERAL backlog_at_day(zone, CASE place.way WHEN 'after' THEN place.day ELSE place.day + 1 END) d
                    WHERE place.way IS NOT NULL
                    UNION ALL
                    SELECT q.category_key, q.queue_key, q.source_key, q.status_key, q.age_band_key, q.overdue, q.change
                    FROM place, backlog_15m q
                    WHERE place.way = 'after' AND q.starts_at >= place.midnight AND q.starts_at < moment
                    UNION ALL
                    SELECT q.category_key, q.queue_key, q.source_key, q.status_key, q.age_band_key, q.overdue, -q.change
                    FROM place, backlog_15m q
                    WHERE place.way = 'before' AND q.starts_at >= moment AND q.starts_at < place.next_midnight
                ) c GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.items) <> 0;
            END;
            """)
}
