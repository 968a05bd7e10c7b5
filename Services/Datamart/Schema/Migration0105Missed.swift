import Storage

extension MartSchema {
    /// That a mart was away for longer than the feed holds events is kept for as long as it tells in its tables.
    static let missed = Migration(
        version: 105,
        name: "events that were missed",
        sql: """
            -- Events that were cleared from the feed before they were applied, all in all, and when the last one before the first
            -- of them happened. What they changed is not in the mart, and items that ended in them are open in it.
            ALTER TABLE projection_progress ADD COLUMN missed_events bigint NOT NULL DEFAULT 0,
                ADD COLUMN missed_since timestamptz;
            """)
}
