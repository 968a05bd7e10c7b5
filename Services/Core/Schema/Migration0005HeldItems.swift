import Storage

extension CoreSchema {
    /// What an item's service level has been spared, and who may go on with what was held.
    static let heldItems = Migration(
        version: 5,
        name: "pauses and holders of work items",
        sql: """
            ALTER TABLE work_item ADD COLUMN paused bigint NOT NULL DEFAULT 0, ADD COLUMN held_by int;
            """)
}
