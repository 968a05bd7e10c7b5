import Storage

extension MartSchema {
    /// Business time and service levels, as configurations had them.
    static let calendars = Migration(
        version: 4,
        name: "calendars",
        sql: """
            -- Calendar 0 is always open. A calendar's version never changes, except that it is worked out further ahead.
            CREATE TABLE calendar (calendar_key int PRIMARY KEY, name text NOT NULL, worked_out_through timestamptz);
            INSERT INTO calendar VALUES (0, '(always open)', NULL);
            CREATE TABLE calendar_opening (
                calendar_key int NOT NULL REFERENCES calendar,
                opens_at timestamptz NOT NULL,
                closes_at timestamptz NOT NULL,
                -- Milliseconds open before opens_at, from the calendar's first opening on.
                open_before_ms bigint NOT NULL,
                PRIMARY KEY (calendar_key, opens_at)
            );
            -- Which calendar a category had in a version of the tenant's configuration; 0 where it had none.
            CREATE TABLE category_calendar (
                configuration_version int NOT NULL,
                category text NOT NULL,
                calendar_key int NOT NULL REFERENCES calendar,
                PRIMARY KEY (configuration_version, category)
            );
            CREATE TABLE configuration_version (configuration_version int PRIMARY KEY, applied_at timestamptz NOT NULL);
            -- Percent of a category's items (and of those below it) that are to be completed by their due date.
            CREATE TABLE sla_target (
                category text NOT NULL,
                valid_from date NOT NULL,
                -- The first day on which it holds no longer.
                valid_to date,
                percent double precision NOT NULL CHECK (percent BETWEEN 0 AND 100),
                PRIMARY KEY (category, valid_from)
            );
            -- Milliseconds open up to an instant: B(t).
            CREATE FUNCTION business_ms(calendar int, moment timestamptz) RETURNS bigint LANGUAGE sql STABLE
            BEGIN ATOMIC
                SELECT CASE WHEN calendar = 0 THEN floor(extract(epoch FROM moment) * 1000)::bigint
                    ELSE coalesce((
                        SELECT o.open_before_ms
                            + floor(extract(epoch FROM least(moment, o.closes_at) - o.opens_at) * 1000)::bigint
                        FROM calendar_opening o
                        WHERE o.calendar_key = calendar AND o.opens_at <= moment
                        ORDER BY o.opens_at DESC LIMIT 1), 0) END;
            END;
            """)
}
