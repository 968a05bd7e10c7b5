import Storage

extension CoreSchema {
    /// A mailbox that is made again under its name begins as a new one.
    static let remadeMailboxes = Migration(
        version: 13,
        name: "mailboxes that are made again",
        sql: """
            -- Null: the first connection is still to come.
            ALTER TABLE mailbox_state ALTER COLUMN first_from DROP NOT NULL;
            """)
}
