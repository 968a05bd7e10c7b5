import Storage

extension MartSchema {
    /// Facts. Times of day are UTC instants, durations whole milliseconds.
    static let facts = Migration(
        version: 5,
        name: "facts",
        sql: """
            -- Every step of every item, as it was told.
            CREATE TABLE task_event_fact (
                position bigint NOT NULL,
                -- When it happened, by the clock that saw it.
                at timestamptz NOT NULL,
                -- The same, but never before the item's step before: clocks differ. Measures go by this one.
                effective_at timestamptz NOT NULL,
                item uuid NOT NULL,
                revision int NOT NULL,
                event_type_key int NOT NULL,
                from_status_key smallint NOT NULL,
                via_status_key smallint NOT NULL,
                to_status_key smallint NOT NULL,
                held_from_status_key smallint NOT NULL,
                actor_kind text NOT NULL,
                actor text NOT NULL,
                -- The agent concerned, also when the item is no longer theirs.
                agent_key int NOT NULL,
                category_key int NOT NULL,
                queue_key int NOT NULL,
                source_key int NOT NULL,
                channel_key int NOT NULL,
                media_type_key int NOT NULL,
                segment_key int NOT NULL,
                product_key int NOT NULL,
                business_value_key smallint NOT NULL,
                -- At the pick.
                priority_band_key smallint NOT NULL,
                priority double precision,
                age_ms bigint,
                -- Milliseconds of business time.
                anchor bigint,
                activation timestamptz,
                due timestamptz,
                deadline timestamptz,
                weight int NOT NULL,
                workbin text,
                reason text,
                result_code_key int NOT NULL,
                configuration_version int NOT NULL,
                PRIMARY KEY (position, at)
            ) PARTITION BY RANGE (at);
            CREATE INDEX task_event_fact_item ON task_event_fact (item, revision);
            CREATE INDEX task_event_fact_at ON task_event_fact USING brin (at);

            -- Every change of an agent's state.
            CREATE TABLE agent_event_fact (
                position bigint NOT NULL,
                at timestamptz NOT NULL,
                agent_key int NOT NULL,
                revision int NOT NULL,
                from_state text NOT NULL,
                to_state text NOT NULL,
                actor_kind text NOT NULL,
                actor text NOT NULL,
                reason text,
                PRIMARY KEY (position, at)
            ) PARTITION BY RANGE (at);
            CREATE INDEX agent_event_fact_agent ON agent_event_fact (agent_key, position);

            -- Every step of every message.
            CREATE TABLE email_event_fact (
                position bigint NOT NULL,
                at timestamptz NOT NULL,
                email uuid NOT NULL,
                revision int NOT NULL,
                from_state text,
                to_state text NOT NULL,
                actor_kind text NOT NULL,
                actor text NOT NULL,
                attempt int,
                reason text,
                PRIMARY KEY (position, at)
            ) PARTITION BY RANGE (at);
            CREATE INDEX email_event_fact_email ON email_event_fact (email, revision);
            INSERT INTO partitioned_table VALUES ('task_event_fact', 'month', 'facts'), ('agent_event_fact', 'month', 'facts'),
                ('email_event_fact', 'month', 'facts');

            -- One row per item: what it is now, and its measures up to now.
            CREATE TABLE task_fact (
                item uuid PRIMARY KEY,
                capture_id text NOT NULL,
                revision int NOT NULL,
                first_position bigint NOT NULL,
                last_position bigint NOT NULL,
                status_key smallint NOT NULL,
                is_final boolean NOT NULL,
                source_key int NOT NULL,
                category_key int NOT NULL,
                queue_key int NOT NULL,
                -- Who has it, or had it last.
                agent_key int NOT NULL,
                channel_key int NOT NULL,
                media_type_key int NOT NULL,
                segment_key int NOT NULL,
                product_key int NOT NULL,
                customer_key int NOT NULL,
                business_value_key smallint NOT NULL,
                business_value double precision,
                -- At the last pick.
                priority_band_key smallint NOT NULL,
                result_code_key int NOT NULL,
                configuration_version int NOT NULL,
                calendar_key int NOT NULL,
                entered_at timestamptz NOT NULL,
                activation timestamptz NOT NULL,
                due timestamptz,
                first_offered_at timestamptz,
                first_accepted_at timestamptz,
                -- Of its last end; NULL while it is open.
                finished_at timestamptz,
                -- Completed by its due date; NULL unless it is completed and had one.
                within_sla boolean,
                erased boolean NOT NULL,
                offers int NOT NULL,
                accepts int NOT NULL,
                misses int NOT NULL,
                transfers int NOT NULL,
                holds int NOT NULL,
                reopens int NOT NULL,
                wait_ms bigint NOT NULL,
                handle_ms bigint NOT NULL,
                hold_ms bigint NOT NULL,
                -- From activation to completion; NULL unless it is completed.
                finish_ms bigint,
                finish_business_ms bigint,
                custom_1 int, custom_2 int, custom_3 int, custom_4 int, custom_5 int, custom_6 int, custom_7 int, custom_8 int,
                custom_9 int, custom_10 int, custom_11 int, custom_12 int, custom_13 int, custom_14 int, custom_15 int,
                custom_16 int, custom_17 int, custom_18 int, custom_19 int, custom_20 int,
                -- What the next step's measures are worked out from.
                effective_at timestamptz NOT NULL,
                waiting_since timestamptz,
                assigned_since timestamptz,
                held_since timestamptz,
                work_number int NOT NULL,
                work_started_at timestamptz,
                -- Up to here becoming overdue and growing older has been counted, and when either comes next.
                counted_through timestamptz NOT NULL,
                next_change_at timestamptz
            -- A batch that was far behind changes all rows of a page at once: with room for all of them they stay on it, and
            -- no index changes. The table ends smaller for it, as what was there before is taken again.
            ) WITH (fillfactor = 50);
            CREATE INDEX task_fact_next_change ON task_fact (next_change_at) WHERE next_change_at IS NOT NULL;
            CREATE INDEX task_fact_finished ON task_fact (finished_at) WHERE is_final;
            CREATE INDEX task_fact_open ON task_fact (category_key, due) WHERE NOT is_final;
            CREATE INDEX task_fact_entered ON task_fact (entered_at);
            CREATE INDEX task_fact_customer ON task_fact (customer_key) WHERE customer_key > 0;
            CREATE INDEX task_fact_capture ON task_fact (capture_id);

            -- Each time that an item went to an agent: offered, pulled or given.
            CREATE TABLE task_work_fact (
                item uuid NOT NULL,
                -- 1, 2, … of the item.
                number int NOT NULL,
                agent_key int NOT NULL,
                category_key int NOT NULL,
                queue_key int NOT NULL,
                source_key int NOT NULL,
                priority_band_key smallint NOT NULL,
                -- offer, pull, assign or unpark.
                began_by text NOT NULL,
                began_at timestamptz NOT NULL,
                accepted_at timestamptz,
                ended_at timestamptz,
                -- The action that ended it: accept goes on, miss, decline, complete, transfer, park, hold, …; NULL while it lasts.
                ended_by text,
                -- Until it was accepted, since it began to wait; NULL unless it was.
                wait_ms bigint,
                -- While it was assigned; NULL until it ends.
                handle_ms bigint,
                PRIMARY KEY (item, number)
            ) WITH (fillfactor = 80);
            CREATE INDEX task_work_fact_began ON task_work_fact (began_at);
            CREATE INDEX task_work_fact_agent ON task_work_fact (agent_key, began_at);

            -- One row per message.
            CREATE TABLE email_fact (
                email uuid PRIMARY KEY,
                item uuid,
                revision int NOT NULL,
                mailbox_key int NOT NULL,
                direction text NOT NULL CHECK (direction IN ('in', 'out')),
                state text NOT NULL,
                automatic boolean NOT NULL,
                attempts int NOT NULL,
                first_at timestamptz NOT NULL,
                last_at timestamptz NOT NULL,
                queued_at timestamptz,
                sent_at timestamptz,
                -- Delivered, bounced, failed, canceled or rejected.
                ended_at timestamptz,
                first_position bigint NOT NULL,
                last_position bigint NOT NULL
            ) WITH (fillfactor = 80);
            CREATE INDEX email_fact_first ON email_fact (first_at);
            CREATE INDEX email_fact_item ON email_fact (item) WHERE item IS NOT NULL;

            -- What an agent is at, for occupancy: from the agent's own events and from the items assigned.
            CREATE TABLE agent_fact (
                agent_key int PRIMARY KEY,
                state text NOT NULL,
                assigned_items int NOT NULL,
                effective_at timestamptz NOT NULL,
                counted_through timestamptz NOT NULL,
                revision int NOT NULL
            ) WITH (fillfactor = 50);
            """)
}
