import Storage

extension MartSchema {
    /// Reports by category read messages' events by time; positions, by which their key is, say nothing of that.
    static let emailTimes = Migration(
        version: 101,
        name: "times of messages' events",
        sql: "CREATE INDEX email_event_fact_at ON email_event_fact (at);")
}
