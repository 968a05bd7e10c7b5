import Storage

extension CoreSchema {
    /// Customers of items that are gone, for erasure after that: whoever keeps facts longer than items are kept is told.
    static let goneItems = Migration(
        version: 10,
        name: "customers of items that are gone",
        sql: """
            -- Whether the item was the customer's to its end. Unknown of items that had gone before.
            ALTER TABLE past_customer ADD COLUMN is_last boolean;
            -- Of items that are there, every row tells of a customer who lost the item.
            DO $$
            DECLARE
                t int;
            BEGIN
                FOR t IN SELECT id FROM tenant LOOP
                    PERFORM set_config('millrace.tenant', t::text, true);
                    UPDATE past_customer p SET is_last = false
                    WHERE p.tenant = t AND EXISTS (SELECT FROM work_item w WHERE w.tenant = t AND w.id = p.item);
                END LOOP;
                PERFORM set_config('millrace.tenant', '', true);
            END $$;
            -- By it an item that goes takes its former customers along.
            CREATE INDEX past_customer_item ON past_customer (tenant, item);
            """)
}
