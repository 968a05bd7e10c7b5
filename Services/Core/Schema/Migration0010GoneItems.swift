import Storage

extension CoreSchema {
    /// Customers of items that are gone, for erasure after that: whoever keeps facts longer than items are kept is told.
    static let goneItems = Migration(
        version: 10,
        name: "customers of items that are gone",
        sql: """
            -- Whether the item was the customer's to its end. Unknown of items that had gone before.
            ALTER TABLE past_customer ADD COLUMN is_last boolean;
            -- By it an item that goes takes its former customers along.
            CREATE INDEX past_customer_item ON past_customer (tenant, item);
            """)
}
