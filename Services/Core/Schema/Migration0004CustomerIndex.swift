import Storage

extension CoreSchema {
    /// An index entry holds at most some 2,700 bytes, a customer's name is only bound by the size of the attributes: the
    /// index is on its digest, so that no item fails on it.
    static let customerIndex = Migration(
        version: 4,
        name: "customer index by digest",
        sql: """
            DROP INDEX work_item_customer;
            CREATE INDEX work_item_customer ON work_item (tenant, md5(customer)) WHERE customer IS NOT NULL;
            """)
}
