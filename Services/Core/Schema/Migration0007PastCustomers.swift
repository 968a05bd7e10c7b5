import Storage

extension CoreSchema {
    /// What erasure finds a customer by, without reading every event and answer.
    ///
    /// The digest is a column, so that an item that goes hands it on to `past_customer`. Those who had been the customers of
    /// items, and of items that are gone, are found once, from the events.
    static let pastCustomers = Migration(
        version: 7,
        name: "customers that items had",
        sql: """
            ALTER TABLE work_item ADD COLUMN customer_key uuid GENERATED ALWAYS AS (md5(customer)::uuid) STORED;
            DROP INDEX work_item_customer;
            CREATE INDEX work_item_customer ON work_item (tenant, customer_key, id) WHERE customer_key IS NOT NULL;

            -- A customer that an item has no more, while events tell of that time; `at` is its end.
            CREATE TABLE past_customer (
                tenant int NOT NULL,
                customer uuid NOT NULL,
                item uuid NOT NULL,
                at bigint NOT NULL,
                PRIMARY KEY (tenant, customer, item)
            );
            CREATE INDEX past_customer_age ON past_customer (tenant, at);
            CALL millrace_isolate('past_customer');

            -- The item that an answer shows: its id comes first.
            ALTER TABLE command_answer ADD COLUMN item text GENERATED ALWAYS AS (
                CASE WHEN starts_with(body, '{"id":"') THEN substr(body, 8, 36) END) STORED;
            CREATE INDEX command_answer_item ON command_answer (tenant, item) WHERE item IS NOT NULL;
            -- Refusals for another content under a captureId: they quote it.
            CREATE INDEX command_answer_conflict ON command_answer (tenant) WHERE status = 409;

            DO $$
            DECLARE
                t int;
                attribute text;
            BEGIN
                FOR t IN SELECT id FROM tenant LOOP
                    PERFORM set_config('millrace.tenant', t::text, true);
                    SELECT coalesce(c.document::jsonb ->> 'customerAttribute', 'customer') INTO attribute
                    FROM tenant n JOIN configuration c ON c.tenant = n.id AND c.version = n.configuration_version WHERE n.id = t;
                    INSERT INTO past_customer (tenant, customer, item, at)
                    SELECT t, md5(e.customer)::uuid, e.subject, max(e.at) FROM (
                        SELECT subject, at, body::jsonb -> 'attributes' ->> attribute AS customer FROM event
                        WHERE tenant = t AND strpos(body, '"attributes"') > 0
                    ) AS e
                    LEFT JOIN work_item w ON w.tenant = t AND w.id = e.subject
                    WHERE e.customer IS NOT NULL AND w.customer IS DISTINCT FROM e.customer
                    GROUP BY e.customer, e.subject;
                END LOOP;
                PERFORM set_config('millrace.tenant', '', true);
            END $$;
            """)
}
