import Storage

extension CoreSchema {
    /// Full-text search. The words of items stand in a table of their own, written behind by the tenant's steward: an index on
    /// `work_item` would be maintained by every step of an item, and what is searched changes with few of them.
    static let search = Migration(
        version: 9,
        name: "search",
        sql: """
            CREATE TABLE search_document (
                tenant int NOT NULL,
                item uuid NOT NULL,
                -- Weights are zones: A the number, B subjects, C attributes, D messages. `field:word` beside `word`.
                words tsvector NOT NULL,
                PRIMARY KEY (tenant, item)
            ) PARTITION BY LIST (tenant);
            CREATE INDEX search_document_words ON search_document USING gin (words);
            CALL millrace_isolate('search_document');
            -- `@@` is not leakproof: behind a policy that must be asked row by row no index is used for it. The function below
            -- runs as the owner, for whom this policy holds, and names the tenant itself.
            DO $$ BEGIN EXECUTE format('CREATE POLICY owner ON search_document TO %I USING (true)', current_user); END $$;

            -- How far the words have been written: up to which event, and, in the beginning, up to which item.
            CREATE TABLE search_progress (
                tenant int PRIMARY KEY,
                position bigint NOT NULL DEFAULT 0,
                -- Null when every item has been walked through.
                walked uuid DEFAULT '00000000-0000-0000-0000-000000000000',
                -- How often somebody has asked for the search server's index to be built anew.
                rebuilds bigint NOT NULL DEFAULT 0
            );
            CALL millrace_isolate('search_progress');

            -- Attached, not made as partitions: `PARTITION OF` keeps everybody from the whole table until the transaction ends,
            -- and waits for everybody before; attaching goes on beside those who read and write.
            CREATE PROCEDURE millrace_add_partition(tenant int, parent text, fill int) LANGUAGE plpgsql AS $$
            DECLARE
                part text := format('%s_%s', parent, tenant);
            BEGIN
                IF to_regclass(part) IS NULL THEN
                    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) WITH (fillfactor = %s)', part, parent, fill);
                    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%s)', parent, part, tenant);
                END IF;
            END $$;
            CREATE OR REPLACE PROCEDURE millrace_add_tenant_partitions(tenant int) LANGUAGE plpgsql AS $$
            BEGIN
                CALL millrace_add_partition(tenant, 'work_item', 80);
                CALL millrace_add_partition(tenant, 'event', 100);
                CALL millrace_add_partition(tenant, 'outbox', 70);
                CALL millrace_add_partition(tenant, 'search_document', 100);
            END $$;
            DO $$
            DECLARE
                t int;
            BEGIN
                FOR t IN SELECT id FROM tenant LOOP
                    CALL millrace_add_tenant_partitions(t);
                END LOOP;
            END $$;

            -- The newest items of the running transaction's tenant that have the words and pass the filters, with their
            -- scores: the sum of the weights of the terms that each has. Null filters let everything pass.
            CREATE FUNCTION millrace_search(
                wanted tsquery, terms tsquery[], weights int[], captures text, statuses text[], categories int[],
                agent int, origin int, at_most int
            ) RETURNS TABLE (item uuid, score int)
            LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DECLARE
                t int := millrace_tenant();
                is_all boolean := captures IS NULL AND statuses IS NULL AND categories IS NULL AND agent IS NULL
                    AND origin IS NULL;
            BEGIN
                RETURN QUERY
                SELECT f.item, (
                    -- The words are unpacked once, not for each term.
                    SELECT coalesce(sum(w.weight), 0)::int
                    FROM (SELECT f.words || ''::tsvector AS words OFFSET 0) d, unnest(terms, weights) AS w(term, weight)
                    WHERE d.words @@ w.term)
                FROM (
                    -- Without filters no item is looked at.
                    (SELECT s.item, s.words FROM search_document s
                    WHERE is_all AND s.tenant = t AND s.words @@ wanted ORDER BY s.item DESC LIMIT at_most)
                    UNION ALL
                    (SELECT s.item, s.words FROM search_document s JOIN work_item i ON i.tenant = t AND i.id = s.item
                    WHERE NOT is_all AND s.tenant = t AND s.words @@ wanted
                        AND (captures IS NULL OR i.capture_id = captures)
                        AND (statuses IS NULL OR i.status = ANY(statuses))
                        AND (categories IS NULL OR i.category = ANY(categories))
                        AND (agent IS NULL OR i.assignee = agent)
                        AND (origin IS NULL OR i.source = origin)
                    ORDER BY s.item DESC LIMIT at_most)
                ) f;
            END $$;
            """)
}
