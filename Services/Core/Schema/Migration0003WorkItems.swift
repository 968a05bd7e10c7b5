import Storage

extension CoreSchema {
    /// Work items, agents, events and the outbox. Times are milliseconds since 1970 (UTC), `anchor` and head starts are business milliseconds.
    static let workItems = Migration(
        version: 3,
        name: "work items",
        sql: """
            CREATE TABLE work_item (
                tenant int NOT NULL,
                id uuid NOT NULL,
                revision int NOT NULL,
                status text NOT NULL,
                source int NOT NULL,
                capture_id text NOT NULL,
                content_hash bytea NOT NULL,
                received_at bigint NOT NULL,
                arrival bigint NOT NULL,
                activation bigint NOT NULL,
                due_given bigint,
                due bigint,
                autocomplete_at bigint,
                priority double precision,
                business_value double precision,
                push bigint NOT NULL,
                attributes text NOT NULL,
                customer text,
                channel text,
                weight int NOT NULL,
                category int,
                configuration_version int NOT NULL,
                endpoint int,
                endpoint_given int,
                skills text NOT NULL,
                schema_version int,
                calendar_version int,
                preferred_agent int,
                preferred_until bigint,
                anchor bigint,
                assignee int,
                workbin text,
                offered_at bigint,
                offer_revision int,
                deadline bigint,
                missed_by int,
                held_from text,
                held_at bigint,
                reason text,
                result text,
                wake_at bigint,
                completed_at bigint,
                updated_at bigint NOT NULL,
                PRIMARY KEY (tenant, id)
            ) PARTITION BY LIST (tenant);
            CREATE UNIQUE INDEX work_item_capture ON work_item (tenant, source, capture_id);
            CREATE INDEX work_item_open ON work_item (tenant, status, id)
                WHERE status NOT IN ('completed', 'canceled', 'rejected');
            CREATE INDEX work_item_assignee ON work_item (tenant, assignee) WHERE assignee IS NOT NULL;
            CREATE INDEX work_item_wake ON work_item (tenant, wake_at) WHERE wake_at IS NOT NULL;
            CREATE INDEX work_item_customer ON work_item (tenant, customer) WHERE customer IS NOT NULL;
            CREATE INDEX work_item_completed ON work_item (tenant, completed_at) WHERE completed_at IS NOT NULL;

            CREATE TABLE agent (
                tenant int NOT NULL,
                id int NOT NULL,
                state text NOT NULL DEFAULT 'offline',
                state_since bigint NOT NULL DEFAULT 0,
                idle_since bigint NOT NULL DEFAULT 0,
                load int NOT NULL DEFAULT 0,
                missed int NOT NULL DEFAULT 0,
                revision int NOT NULL DEFAULT 0,
                PRIMARY KEY (tenant, id)
            ) WITH (fillfactor = 50);

            -- Locked while an offer of an endpoint with a limit is confirmed, so that its items out are counted one offer at a time.
            CREATE TABLE endpoint_gate (
                tenant int NOT NULL,
                id int NOT NULL,
                PRIMARY KEY (tenant, id)
            );

            CREATE TABLE event (
                tenant int NOT NULL,
                subject uuid NOT NULL,
                revision int NOT NULL,
                batch bigint NOT NULL,
                place int NOT NULL,
                kind text NOT NULL,
                source int,
                at bigint NOT NULL,
                body text NOT NULL,
                explanation text,
                PRIMARY KEY (tenant, subject, revision)
            ) PARTITION BY LIST (tenant);
            CREATE INDEX event_batch ON event (tenant, batch, place);

            -- One row per transaction that wrote events. `position` is the place of its first event in the tenant's feed,
            -- stamped by the relay; `laned` says that its lane changes have reached Redis.
            CREATE SEQUENCE outbox_batch;
            CREATE TABLE outbox (
                tenant int NOT NULL,
                batch bigint NOT NULL,
                events int NOT NULL,
                written_at bigint NOT NULL,
                position bigint,
                laned boolean NOT NULL DEFAULT false,
                PRIMARY KEY (tenant, batch)
            ) PARTITION BY LIST (tenant);
            CREATE UNIQUE INDEX outbox_position ON outbox (tenant, position);
            CREATE INDEX outbox_unplaced ON outbox (tenant, batch) WHERE position IS NULL;
            CREATE INDEX outbox_unlaned ON outbox (tenant, batch) WHERE NOT laned;

            CREATE TABLE relay (
                tenant int PRIMARY KEY,
                position bigint NOT NULL DEFAULT 0,
                published bigint NOT NULL DEFAULT 0,
                -- Up to which configuration waiting items have been ranked anew.
                reranked int NOT NULL DEFAULT 0
            );
            -- How far a source has been told of its items, by topic or webhook.
            CREATE TABLE status_cursor (
                tenant int NOT NULL,
                source int NOT NULL,
                position bigint NOT NULL DEFAULT 0,
                attempts int NOT NULL DEFAULT 0,
                next_at bigint NOT NULL DEFAULT 0,
                last_error text,
                PRIMARY KEY (tenant, source)
            );
            -- The answer to every command, for repeats (7 days).
            CREATE TABLE command_answer (
                tenant int NOT NULL,
                source text NOT NULL,
                key text NOT NULL,
                digest bytea NOT NULL,
                status int NOT NULL,
                body text NOT NULL,
                at bigint NOT NULL,
                PRIMARY KEY (tenant, source, key)
            );
            CREATE INDEX command_answer_age ON command_answer (tenant, at);
            CREATE TABLE dead_letter (
                tenant int NOT NULL,
                id uuid NOT NULL,
                topic text NOT NULL,
                partition int NOT NULL,
                position bigint NOT NULL,
                digest bytea NOT NULL,
                key bytea,
                value bytea NOT NULL,
                reason text NOT NULL,
                at bigint NOT NULL,
                retried_at bigint,
                outcome text,
                PRIMARY KEY (tenant, id),
                UNIQUE (tenant, topic, partition, position, digest)
            );
            CALL millrace_isolate('work_item');
            CALL millrace_isolate('agent');
            CALL millrace_isolate('endpoint_gate');
            CALL millrace_isolate('event');
            CALL millrace_isolate('outbox');
            CALL millrace_isolate('relay');
            CALL millrace_isolate('status_cursor');
            CALL millrace_isolate('command_answer');
            CALL millrace_isolate('dead_letter');

            -- The partitions of a new tenant. Reached through their parents, the parents' policies hold.
            CREATE PROCEDURE millrace_add_tenant_partitions(tenant int) LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('CREATE TABLE IF NOT EXISTS work_item_%s PARTITION OF work_item FOR VALUES IN (%s) WITH (fillfactor = 80)', tenant, tenant);
                EXECUTE format('CREATE TABLE IF NOT EXISTS event_%s PARTITION OF event FOR VALUES IN (%s)', tenant, tenant);
                EXECUTE format('CREATE TABLE IF NOT EXISTS outbox_%s PARTITION OF outbox FOR VALUES IN (%s) WITH (fillfactor = 70)', tenant, tenant);
            END $$;
            """)
}
