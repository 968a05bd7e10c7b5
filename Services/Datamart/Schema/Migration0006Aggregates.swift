import Storage

extension MartSchema {
    /// What is counted; the same in every aggregate. All are additive.
    private static let measures = """
        entered int NOT NULL DEFAULT 0,
        adopted int NOT NULL DEFAULT 0,
        activated int NOT NULL DEFAULT 0,
        offered int NOT NULL DEFAULT 0,
        accepted int NOT NULL DEFAULT 0,
        pulled int NOT NULL DEFAULT 0,
        given int NOT NULL DEFAULT 0,
        missed int NOT NULL DEFAULT 0,
        declined int NOT NULL DEFAULT 0,
        recalled int NOT NULL DEFAULT 0,
        withdrawn int NOT NULL DEFAULT 0,
        held int NOT NULL DEFAULT 0,
        parked int NOT NULL DEFAULT 0,
        transferred int NOT NULL DEFAULT 0,
        reopened int NOT NULL DEFAULT 0,
        failed int NOT NULL DEFAULT 0,
        completed int NOT NULL DEFAULT 0,
        autocompleted int NOT NULL DEFAULT 0,
        canceled int NOT NULL DEFAULT 0,
        rejected int NOT NULL DEFAULT 0,
        became_overdue int NOT NULL DEFAULT 0,
        finished_overdue int NOT NULL DEFAULT 0,
        sla_eligible int NOT NULL DEFAULT 0,
        sla_met int NOT NULL DEFAULT 0,
        waits int NOT NULL DEFAULT 0,
        handled int NOT NULL DEFAULT 0,
        holds_ended int NOT NULL DEFAULT 0,
        wait_ms bigint NOT NULL DEFAULT 0,
        handle_ms bigint NOT NULL DEFAULT 0,
        hold_ms bigint NOT NULL DEFAULT 0,
        finish_ms bigint NOT NULL DEFAULT 0,
        finish_business_ms bigint NOT NULL DEFAULT 0,
        """

    /// The same measures in two tables: per 15 minutes (UTC) and per day of a zone.
    private static func pair(_ name: String, key: String, columns: String, measures: String) -> String {
        """
        CREATE TABLE \(name)_15m (
            starts_at timestamptz NOT NULL,
            \(columns)
            \(measures)
            PRIMARY KEY (starts_at, \(key))
        ) PARTITION BY RANGE (starts_at);
        CREATE TABLE \(name)_day (
            day date NOT NULL,
            zone_key smallint NOT NULL,
            \(columns)
            \(measures)
            PRIMARY KEY (day, zone_key, \(key))
        ) PARTITION BY RANGE (day);
        INSERT INTO partitioned_table VALUES ('\(name)_15m', 'week', 'intraday'), ('\(name)_day', 'year', 'history');

        """
    }

    /// Aggregates, one pair of tables for each way of cutting.
    static let aggregates = Migration(
        version: 6,
        name: "aggregates",
        sql:
            // By category, queue, agent (0: nobody's) and capture point.
            pair(
                "agg", key: "category_key, queue_key, agent_key, source_key",
                columns: """
                    category_key int NOT NULL, queue_key int NOT NULL, agent_key int NOT NULL, source_key int NOT NULL,
                    """, measures: measures)
            // Of customer segments.
            + pair(
                "agg_segment",
                key: "category_key, segment_key, product_key, channel_key, media_type_key, business_value_key",
                columns: """
                    category_key int NOT NULL, segment_key int NOT NULL, product_key int NOT NULL, channel_key int NOT NULL,
                    media_type_key int NOT NULL, business_value_key smallint NOT NULL,
                    """, measures: measures)
            // Of queues by the priority that the item had at its last pick.
            + pair(
                "agg_priority", key: "category_key, queue_key, priority_band_key",
                columns: "category_key int NOT NULL, queue_key int NOT NULL, priority_band_key smallint NOT NULL,",
                measures: measures)
            // By the age that the item had.
            + pair(
                "agg_age", key: "category_key, queue_key, source_key, age_band_key",
                columns: """
                    category_key int NOT NULL, queue_key int NOT NULL, source_key int NOT NULL, age_band_key smallint NOT NULL,
                    """, measures: measures)
            // What agents' time went to.
            + pair(
                "agg_agent", key: "agent_key", columns: "agent_key int NOT NULL,",
                measures: """
                    -- At least one item assigned.
                    busy_ms bigint NOT NULL DEFAULT 0,
                    -- Ready with none.
                    idle_ms bigint NOT NULL DEFAULT 0,
                    -- Not ready with none.
                    away_ms bigint NOT NULL DEFAULT 0,
                    -- Items assigned, times how long: more than busy_ms where several were at once.
                    item_ms bigint NOT NULL DEFAULT 0,
                    """)
            // Messages that reached a state.
            + pair(
                "agg_email", key: "mailbox_key, direction",
                columns: "mailbox_key int NOT NULL, direction text NOT NULL,",
                measures: """
                    received int NOT NULL DEFAULT 0,
                    drafted int NOT NULL DEFAULT 0,
                    awaiting_approval int NOT NULL DEFAULT 0,
                    queued int NOT NULL DEFAULT 0,
                    sending int NOT NULL DEFAULT 0,
                    sent int NOT NULL DEFAULT 0,
                    delivered int NOT NULL DEFAULT 0,
                    bounced int NOT NULL DEFAULT 0,
                    failed int NOT NULL DEFAULT 0,
                    uncertain int NOT NULL DEFAULT 0,
                    canceled int NOT NULL DEFAULT 0,
                    rejected int NOT NULL DEFAULT 0,
                    -- From the first time that it was queued until it was first sent.
                    sends int NOT NULL DEFAULT 0,
                    send_ms bigint NOT NULL DEFAULT 0,
                    """))
}
