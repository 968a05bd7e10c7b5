import Storage

extension CoreSchema {
    /// Under which Message-ID a provider has sent a message, where it gave it one of its own.
    static let sentMessages = Migration(
        version: 12,
        name: "message ids of providers",
        sql: """
            ALTER TABLE email ADD COLUMN sent_message uuid;
            CREATE INDEX email_sent_message ON email (tenant, sent_message) WHERE sent_message IS NOT NULL;
            """)
}
