import Storage

/// The tables of the core service, in the order in which they came to be. A migration that has been released is never edited.
public enum CoreSchema {
    /// All of them, oldest first.
    public static let migrations: [Migration] = [
        tenants, configuration, workItems, customerIndex, heldItems, eventTraces, pastCustomers, emails, search,
        goneItems, topics, sentMessages, remadeMailboxes, waitingMessages,
    ]

    /// What the service's own role may do: it owns nothing and so cannot step around row-level security.
    /// - Parameter role: the role in `MILLRACE_DATABASE_URL`.
    public static func grants(to role: String) -> String {
        let name = "\"" + role.replacing("\"", with: "\"\"") + "\""
        return """
            GRANT USAGE ON SCHEMA public TO \(name);
            GRANT SELECT ON tenant, api_key, schema_migration TO \(name);
            GRANT INSERT, UPDATE ON api_key TO \(name);
            GRANT UPDATE (configuration_version) ON tenant TO \(name);
            GRANT SELECT, INSERT, UPDATE, DELETE ON lease, configuration, configuration_object, calendar_version, schema_version,
                work_item, agent, endpoint_gate, event, outbox, relay, status_cursor, command_answer, dead_letter, past_customer,
                mailbox_state, mailbox_secret, mailbox_test, email_key, email, email_thread, email_token, email_automatic,
                content, content_gone, content_chunk, content_upload, email_content, search_document, search_progress TO \(name);
            GRANT SELECT, INSERT, DELETE ON command_topic TO \(name);
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO \(name);
            -- They run with the owner's rights, in the tenant that the session names.
            REVOKE ALL ON FUNCTION millrace_search, millrace_messages_of FROM PUBLIC;
            GRANT EXECUTE ON FUNCTION millrace_search, millrace_messages_of TO \(name);
            """
    }
}
