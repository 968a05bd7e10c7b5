import Storage

extension MartSchema {
    /// Dimensions. Key 0 says that there is none; keys are given by the holder, in the transaction of the first fact.
    static let dimensions = Migration(
        version: 3,
        name: "dimensions",
        sql: """
            CREATE TABLE dim_tenant (tenant_key int PRIMARY KEY, name text NOT NULL);

            CREATE TABLE dim_date (
                day date PRIMARY KEY,
                year smallint NOT NULL,
                quarter smallint NOT NULL,
                month smallint NOT NULL,
                month_name text NOT NULL,
                iso_year smallint NOT NULL,
                iso_week smallint NOT NULL,
                day_of_month smallint NOT NULL,
                day_of_year smallint NOT NULL,
                -- 1 Monday to 7 Sunday.
                day_of_week smallint NOT NULL,
                day_name text NOT NULL,
                is_weekend boolean NOT NULL
            );
            INSERT INTO dim_date
            SELECT d, extract(year FROM d), extract(quarter FROM d), extract(month FROM d), to_char(d, 'FMMonth'),
                extract(isoyear FROM d), extract(week FROM d), extract(day FROM d), extract(doy FROM d),
                extract(isodow FROM d), to_char(d, 'FMDay'), extract(isodow FROM d) > 5
            FROM (SELECT day::date AS d FROM generate_series(date '2000-01-01', date '2099-12-31', interval '1 day') AS g(day)) days;

            -- Time zones of the tenant; zone 1 is that of reports that name none. Its days are those of the day tables.
            CREATE TABLE dim_time_zone (zone_key smallint PRIMARY KEY, name text NOT NULL UNIQUE);
            -- Time of day by the clock on the wall of a zone, in quarters of an hour.
            CREATE TABLE dim_time (
                zone_key smallint NOT NULL REFERENCES dim_time_zone ON DELETE CASCADE,
                -- 0 to 95 quarters after midnight.
                quarter_of_day smallint NOT NULL,
                hour smallint NOT NULL,
                minute smallint NOT NULL,
                half_hour text NOT NULL,
                label text NOT NULL,
                PRIMARY KEY (zone_key, quarter_of_day)
            );

            -- One row for each name that a category had: a category that is renamed or moved begins a new row, and what
            -- happened under the old name stays there.
            CREATE TABLE dim_category (
                category_key int PRIMARY KEY,
                path text NOT NULL UNIQUE,
                name text NOT NULL,
                depth smallint NOT NULL,
                level_1 text, level_2 text, level_3 text, level_4 text, level_5 text,
                level_6 text, level_7 text, level_8 text, level_9 text, level_10 text,
                -- From the first configuration or event with it until the configuration that has it no longer.
                valid_from timestamptz NOT NULL,
                valid_to timestamptz
            );
            CREATE TABLE dim_queue (queue_key int PRIMARY KEY, name text NOT NULL UNIQUE,
                valid_from timestamptz NOT NULL, valid_to timestamptz);
            CREATE TABLE dim_agent (
                agent_key int PRIMARY KEY,
                -- The agent's name in Millrace; it never changes.
                agent text NOT NULL UNIQUE,
                -- From the directory.
                display_name text,
                team text,
                copied_at timestamptz
            );
            -- Names and teams with their validity, from the directory.
            CREATE TABLE dim_agent_history (
                agent_key int NOT NULL REFERENCES dim_agent,
                valid_from timestamptz NOT NULL,
                valid_to timestamptz,
                display_name text,
                team text,
                PRIMARY KEY (agent_key, valid_from)
            );
            -- Every group of an agent, with its validity; the team is the first of them.
            CREATE TABLE dim_agent_group (
                agent_key int NOT NULL REFERENCES dim_agent,
                group_name text NOT NULL,
                valid_from timestamptz NOT NULL,
                valid_to timestamptz,
                PRIMARY KEY (agent_key, group_name, valid_from)
            );
            CREATE TABLE dim_capture_point (source_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_channel (channel_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_media_type (media_type_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_customer (customer_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_segment (segment_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_product (product_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_mailbox (mailbox_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_result_code (result_code_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE dim_event_type (event_type_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            -- Skills, which categories ask for them, and which agents have them.
            CREATE TABLE dim_skill (skill_key int PRIMARY KEY, name text NOT NULL UNIQUE);
            CREATE TABLE category_skill (category_key int NOT NULL REFERENCES dim_category, skill_key int NOT NULL REFERENCES dim_skill,
                PRIMARY KEY (category_key, skill_key));
            CREATE TABLE agent_skill (agent_key int NOT NULL REFERENCES dim_agent, skill_key int NOT NULL REFERENCES dim_skill,
                PRIMARY KEY (agent_key, skill_key));
            -- Values of custom attributes; `slot` 1 to 20 is the column custom_N of task_fact.
            CREATE TABLE dim_custom (
                custom_key int PRIMARY KEY,
                slot smallint NOT NULL,
                attribute text NOT NULL,
                value text NOT NULL,
                UNIQUE (slot, attribute, value)
            );

            CREATE TABLE dim_status (status_key smallint PRIMARY KEY, name text NOT NULL UNIQUE, is_final boolean NOT NULL);
            INSERT INTO dim_status VALUES (0, '(none)', false), (1, 'new', false), (2, 'captured', false), (3, 'queued', false),
                (4, 'offered', false), (5, 'assigned', false), (6, 'held', false), (7, 'parked', false), (8, 'errorheld', false),
                (9, 'completed', true), (10, 'canceled', true), (11, 'rejected', true);

            -- Bands hold lower <= value < upper; the ends are open where NULL.
            CREATE TABLE dim_priority_band (priority_band_key smallint PRIMARY KEY, label text NOT NULL,
                lower double precision, upper double precision);
            INSERT INTO dim_priority_band VALUES (0, '(none)', NULL, NULL), (1, 'below 0', NULL, 0), (2, '0 to 25', 0, 25),
                (3, '25 to 50', 25, 50), (4, '50 to 75', 50, 75), (5, '75 to 100', 75, 100), (6, '100 to 150', 100, 150),
                (7, '150 to 200', 150, 200), (8, '200 to 500', 200, 500), (9, '500 to 1000', 500, 1000), (10, '1000 and more', 1000, NULL);
            CREATE TABLE dim_business_value (business_value_key smallint PRIMARY KEY, label text NOT NULL,
                lower double precision, upper double precision);
            INSERT INTO dim_business_value VALUES (0, '(none)', NULL, NULL), (1, 'below 0', NULL, 0), (2, '0 to 10', 0, 10),
                (3, '10 to 100', 10, 100), (4, '100 to 1000', 100, 1000), (5, '1000 to 10,000', 1000, 10000),
                (6, '10,000 to 100,000', 10000, 100000), (7, '100,000 and more', 100000, NULL);
            -- Age since activation, in milliseconds.
            CREATE TABLE dim_age_band (age_band_key smallint PRIMARY KEY, label text NOT NULL, lower_ms bigint, upper_ms bigint);
            INSERT INTO dim_age_band VALUES (1, 'under 15 min', NULL, 900000), (2, '15 min to 1 h', 900000, 3600000),
                (3, '1 to 4 h', 3600000, 14400000), (4, '4 to 8 h', 14400000, 28800000), (5, '8 to 24 h', 28800000, 86400000),
                (6, '1 to 2 days', 86400000, 172800000), (7, '2 to 5 days', 172800000, 432000000),
                (8, '5 to 10 days', 432000000, 864000000), (9, '10 to 30 days', 864000000, 2592000000), (10, '30 days and more', 2592000000, NULL);

            INSERT INTO dim_category (category_key, path, name, depth, valid_from) VALUES (0, '', '(none)', 0, '-infinity');
            INSERT INTO dim_queue (queue_key, name, valid_from) VALUES (0, '(none)', '-infinity');
            INSERT INTO dim_agent (agent_key, agent) VALUES (0, '(none)');
            INSERT INTO dim_capture_point VALUES (0, '(none)');
            INSERT INTO dim_channel VALUES (0, '(none)');
            INSERT INTO dim_media_type VALUES (0, '(none)'), (1, 'workitem'), (2, 'email');
            INSERT INTO dim_customer VALUES (0, '(none)'), (-1, '(erased)');
            INSERT INTO dim_segment VALUES (0, '(none)');
            INSERT INTO dim_product VALUES (0, '(none)');
            INSERT INTO dim_mailbox VALUES (0, '(none)');
            INSERT INTO dim_result_code VALUES (0, '(none)'), (1, '(other)'), (2, 'autocomplete');
            INSERT INTO dim_event_type VALUES (0, '(none)');
            INSERT INTO dim_skill VALUES (0, '(none)');
            INSERT INTO dim_custom VALUES (0, 0, '', '(none)'), (-1, 0, '', '(erased)');
            """)
}
