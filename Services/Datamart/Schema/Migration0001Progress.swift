import Storage

extension MartSchema {
    /// How far the mart has come.
    static let progress = Migration(
        version: 1,
        name: "progress",
        sql: """
            -- One row: what the last transaction of the projection stored.
            CREATE TABLE projection_progress (
                only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                -- The last event applied, by the tenant's gap-free position, and its id.
                position bigint NOT NULL,
                event_id text,
                -- Per topic and partition the offset of the last message applied.
                offsets jsonb NOT NULL DEFAULT '{}',
                -- When the last event happened and when it was applied.
                event_at timestamptz,
                applied_at timestamptz NOT NULL DEFAULT now(),
                -- Up to here what time alone changes is in the aggregates: becoming overdue, growing older, agents' states.
                swept_through timestamptz NOT NULL DEFAULT '-infinity',
                -- From here on the facts, the 15-minute tables and the day tables are whole; what is older was purged.
                facts_floor timestamptz NOT NULL DEFAULT '-infinity',
                intraday_floor timestamptz NOT NULL DEFAULT '-infinity',
                history_floor date NOT NULL DEFAULT '-infinity'
            );
            INSERT INTO projection_progress (position) VALUES (0);
            """)
}
