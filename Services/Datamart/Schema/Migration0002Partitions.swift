import Storage

extension MartSchema {
    /// Partitions by time, made ahead, and dropped whole when all in them has become too old.
    static let partitions = Migration(
        version: 2,
        name: "partitions",
        sql: """
            -- Which tables are cut by time, and how: month, week (from Monday, UTC) or year.
            CREATE TABLE partitioned_table (
                table_name text PRIMARY KEY,
                unit text NOT NULL CHECK (unit IN ('week', 'month', 'year')),
                -- facts, intraday or history: which retention holds.
                kept_as text NOT NULL CHECK (kept_as IN ('facts', 'intraday', 'history'))
            );
            -- Makes the partitions that hold a range of time; returns how many were new.
            CREATE FUNCTION ensure_partitions(kind text, first timestamptz, last timestamptz) RETURNS int
            LANGUAGE plpgsql AS $$
            DECLARE
                part record;
                from_time timestamp;
                to_time timestamp;
                part_name text;
                made int := 0;
            BEGIN
                FOR part IN SELECT table_name, unit FROM partitioned_table WHERE kept_as = kind ORDER BY table_name LOOP
                    from_time := date_trunc(part.unit, first AT TIME ZONE 'UTC');
                    WHILE from_time <= last AT TIME ZONE 'UTC' LOOP
                        to_time := from_time + ('1 ' || part.unit)::interval;
                        part_name := part.table_name || '_' || to_char(from_time, 'YYYYMMDD');
                        IF to_regclass(quote_ident(part_name)) IS NULL THEN
                            -- Attached, not made as a partition: that would wait for whoever reads the table, and keep new
                            -- readers out meanwhile. A day table is cut by dates, the others by instants.
                            EXECUTE format(
                                'CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) WITH (fillfactor = %s)',
                                part_name, part.table_name, CASE WHEN kind = 'facts' THEN 100 ELSE 70 END);
                            EXECUTE format(
                                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                                part.table_name, part_name,
                                CASE WHEN kind = 'history' THEN from_time::date::text
                                    ELSE (from_time AT TIME ZONE 'UTC')::text END,
                                CASE WHEN kind = 'history' THEN to_time::date::text
                                    ELSE (to_time AT TIME ZONE 'UTC')::text END);
                            made := made + 1;
                        END IF;
                        from_time := to_time;
                    END LOOP;
                END LOOP;
                RETURN made;
            END $$;
            """)
}
