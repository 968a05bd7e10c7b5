import Storage

extension MartSchema {
    /// The backlog within days whose midnight comes twice, as clocks go back from one o'clock to it (Atlantic/Azores,
    /// America/Havana). PostgreSQL takes the later one for the day's beginning; days of the tables begin with the earlier one.
    static let midnights = Migration(
        version: 106,
        name: "midnights that come twice",
        sql: """
            -- When a day begins by the clocks of a zone: at the first quarter of an hour that is of it.
            CREATE OR REPLACE FUNCTION day_starts_at(zone_name text, local_day date) RETURNS timestamptz
            LANGUAGE sql STABLE PARALLEL SAFE
            BEGIN ATOMIC
                SELECT coalesce(min(q.quarter), m.midnight)
                FROM (SELECT local_day::timestamp AT TIME ZONE zone_name AS midnight) m
                LEFT JOIN LATERAL generate_series(m.midnight - interval '3 hours', m.midnight, interval '15 minutes') q (quarter)
                    ON (q.quarter AT TIME ZONE zone_name)::date = local_day
                GROUP BY m.midnight;
            END;
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
                        day_starts_at(d.zone_name, d.day + 1) AS next_midnight
                    FROM projection_progress p, (
                        SELECT l.day, l.zone_name, day_starts_at(l.zone_name, l.day) AS midnight
                        FROM (
                            SELECT (moment AT TIME ZONE z.name)::date AS day, z.name AS zone_name
                            FROM dim_time_zone z WHERE z.zone_key = zone
                        ) l
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
