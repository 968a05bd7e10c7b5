import Storage

extension CoreSchema {
    /// Messages that say that they wait for their mailbox, to be told when it sends again.
    static let waitingMessages = Migration(
        version: 14,
        name: "messages that wait for a mailbox",
        sql: """
            CREATE INDEX email_waiting ON email (tenant, mailbox) WHERE state = 'queued' AND reason LIKE 'waiting: %';
            """)
}
