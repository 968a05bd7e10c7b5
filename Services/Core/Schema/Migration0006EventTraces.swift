import Storage

extension CoreSchema {
    /// The `traceparent` of the request or command that an event came from.
    static let eventTraces = Migration(
        version: 6,
        name: "trace context of events",
        sql: """
            ALTER TABLE event ADD COLUMN traceparent text;
            """)
}
