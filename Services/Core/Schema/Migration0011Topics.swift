import Storage

extension CoreSchema {
    /// Whose the topics are that configurations name: read and written across tenants, so it carries no row-level security.
    static let topics = Migration(
        version: 11,
        name: "topics of tenants",
        sql: """
            CREATE TABLE command_topic (
                -- Without the installation's prefix.
                topic text PRIMARY KEY,
                tenant int NOT NULL REFERENCES tenant(id)
            );
            CREATE INDEX command_topic_tenant ON command_topic (tenant);
            -- What is named already; of two tenants that name the same the earlier one has it.
            DO $$
            DECLARE
                t record;
            BEGIN
                FOR t IN SELECT id, configuration_version AS version FROM tenant ORDER BY id LOOP
                    PERFORM set_config('millrace.tenant', t.id::text, true);
                    BEGIN
                        INSERT INTO command_topic (topic, tenant)
                        SELECT DISTINCT n.topic, t.id
                        FROM configuration c, jsonb_array_elements(c.document::jsonb -> 'sources') AS s,
                            LATERAL (VALUES (s ->> 'topic'), (s -> 'replies' ->> 'topic')) AS n(topic)
                        WHERE c.tenant = t.id AND c.version = t.version AND n.topic IS NOT NULL
                        ON CONFLICT DO NOTHING;
                    EXCEPTION WHEN data_exception THEN
                        -- A document that nobody can read names nothing.
                        NULL;
                    END;
                END LOOP;
                PERFORM set_config('millrace.tenant', '', true);
            END $$;
            """)
}
