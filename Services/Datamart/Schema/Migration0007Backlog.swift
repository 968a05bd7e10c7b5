import Storage

extension MartSchema {
    /// Levels as sums of changes: how many open items there are of a kind at an instant is the sum of all changes before.
    static let backlog = Migration(
        version: 7,
        name: "backlog",
        sql: """
            -- +1 where an open item comes to be of a kind, -1 where it ceases to be. Summed up to an instant: the backlog then,
            -- by status, age band and whether it is overdue.
            CREATE TABLE backlog_15m (
                starts_at timestamptz NOT NULL,
                category_key int NOT NULL, queue_key int NOT NULL, source_key int NOT NULL,
                status_key smallint NOT NULL, age_band_key smallint NOT NULL, overdue boolean NOT NULL,
                change int NOT NULL,
                PRIMARY KEY (starts_at, category_key, queue_key, source_key, status_key, age_band_key, overdue)
            ) PARTITION BY RANGE (starts_at);
            CREATE TABLE backlog_day (
                day date NOT NULL,
                zone_key smallint NOT NULL,
                category_key int NOT NULL, queue_key int NOT NULL, source_key int NOT NULL,
                status_key smallint NOT NULL, age_band_key smallint NOT NULL, overdue boolean NOT NULL,
                change int NOT NULL,
                PRIMARY KEY (day, zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue)
            ) PARTITION BY RANGE (day);
            INSERT INTO partitioned_table VALUES ('backlog_15m', 'week', 'intraday'), ('backlog_day', 'year', 'history');
            -- Whole months of the day table; what the purge takes from that stays here as the month -infinity. So a sum over
            -- all changes reads some months, the days of one month and the quarters of one day.
            CREATE TABLE backlog_month (
                -- The first day of the month.
                month date NOT NULL,
                zone_key smallint NOT NULL,
                category_key int NOT NULL, queue_key int NOT NULL, source_key int NOT NULL,
                status_key smallint NOT NULL, age_band_key smallint NOT NULL, overdue boolean NOT NULL,
                change int NOT NULL,
                PRIMARY KEY (month, zone_key, category_key, queue_key, source_key, status_key, age_band_key, overdue)
            ) WITH (fillfactor = 70);

            -- The backlog at the beginning of a local day.
            CREATE FUNCTION backlog_at_day(zone smallint, first_day date) RETURNS TABLE (
                category_key int, queue_key int, source_key int, status_key smallint, age_band_key smallint, overdue boolean,
                items bigint) LANGUAGE sql STABLE
            BEGIN ATOMIC
                SELECT c.category_key, c.queue_key, c.source_key, c.status_key, c.age_band_key, c.overdue, sum(c.change)
                FROM (
                    SELECT m.category_key, m.queue_key, m.source_key, m.status_key, m.age_band_key, m.overdue, m.change
                    FROM backlog_month m WHERE m.zone_key = zone AND m.month < date_trunc('month', first_day)::date
                    UNION ALL
                    SELECT d.category_key, d.queue_key, d.source_key, d.status_key, d.age_band_key, d.overdue, d.change
                    FROM backlog_day d WHERE d.zone_key = zone AND d.day >= date_trunc('month', first_day)::date
                        AND d.day < first_day
                ) c GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.change) <> 0;
            END;
            -- The backlog at an instant, which the 15-minute table must reach: whole quarters before it.
            CREATE FUNCTION backlog_at(zone smallint, moment timestamptz) RETURNS TABLE (
                category_key int, queue_key int, source_key int, status_key smallint, age_band_key smallint, overdue boolean,
                items bigint) LANGUAGE sql STABLE
            BEGIN ATOMIC
                SELECT c.category_key, c.queue_key, c.source_key, c.status_key, c.age_band_key, c.overdue, sum(c.items)::bigint
                FROM (
                    SELECT d.* FROM dim_time_zone z,
                        LATERAL backlog_at_day(zone, (moment AT TIME ZONE z.name)::date) d WHERE z.zone_key = zone
                    UNION ALL
                    SELECT q.category_key, q.queue_key, q.source_key, q.status_key, q.age_band_key, q.overdue, q.change
                    FROM dim_time_zone z, backlog_15m q
                    WHERE z.zone_key = zone AND q.starts_at < moment
                        AND q.starts_at >= date_trunc('day', moment AT TIME ZONE z.name) AT TIME ZONE z.name
                ) c GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.items) <> 0;
            END;
            """)
}
