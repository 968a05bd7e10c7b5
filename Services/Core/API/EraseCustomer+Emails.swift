import Domain
import Foundation
import Storage

/// Messages. Those of the customer's items go with all that they refer to: texts, addresses, raw bytes, attachments; of an
/// item that is another's now those to or from the customer. Of another's item what the customer wrote goes. That there were messages stays, in events without a word.
extension EraseCustomer {
    private var tenant: Int32 { runtime.tenant }

    /// The messages that are erased with their items' content.
    func emails(ofItems blanks: [Blank], on transaction: Transaction) async throws -> [UUID] {
        guard !blanks.isEmpty else { return [] }
        return try await transaction.query(
            """
            SELECT e.id FROM unnest($2::uuid[], $3::boolean[]) AS b(item, wholly)
            JOIN email e ON e.tenant = $1 AND e.work_item = b.item
            WHERE b.wholly OR e.correspondents @> ARRAY[$4::uuid]
            ORDER BY e.id FOR UPDATE OF e
            """,
            [
                .int4(tenant), .uuids(blanks.map(\.item)), .bools(blanks.map(\.wholly)), .uuid(correspondent),
            ]
        ).map { try $0[0].uuid }
    }

    func forgettingEmails(_ emails: [UUID], ofItems items: [UUID], at now: Instant) -> [SQLStatement] {
        let parameters: [SQLValue] = [.int4(tenant), .uuids(items)]
        return contentsErased(emails) + [
            EmailReferences.forgetting(emails, tenant: tenant, at: now),
            SQLStatement("DELETE FROM email_thread WHERE tenant = $1 AND work_item = ANY($2::uuid[])", parameters),
            SQLStatement("DELETE FROM email_token WHERE tenant = $1 AND work_item = ANY($2::uuid[])", parameters),
        ]
    }

    /// Messages to or from the customer that belong to no item, and what the customer wrote about another's. An item that
    /// loses a message tells of it by an event, for whatever has copied its messages.
    func eraseMessagesElsewhere() async throws {
        while case let page = try await messagesElsewhere(), !page.isEmpty {
            let now = Instant.now
            let (changes, batch) = try await runtime.dependencies.pool.transaction(tenant: tenant) {
                transaction -> ([WorkItemChange], Int64?) in
                let items = Array(Set(page.compactMap(\.item)))
                let changes =
                    items.isEmpty
                    ? []
                    : try await transaction.query(locking(items)).map {
                        told(try WorkItem(row: $0), at: now)
                    }
                let emails = try await transaction.query(
                    "SELECT id FROM email WHERE tenant = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE",
                    [.int4(tenant), .uuids(page.map(\.email))]
                ).map { try $0[0].uuid }
                var statements = [blanking(emails.map { Blank(item: $0, wholly: false) })]
                statements += forgettingEmails(emails, ofItems: [], at: now)
                statements += forgettingAnswers(about: emails, captureIds: [])
                statements += telling(changes, at: now)
                let results = try await transaction.commit(with: statements)
                return (changes, changes.contains(where: \.touchesLanes) ? try results.last?[0, 0].int64 : nil)
            }
            if !changes.isEmpty { runtime.after(.changed(changes, agents: [], batch: batch)) }
        }
    }

    private func messagesElsewhere() async throws -> [(email: UUID, item: UUID?)] {
        try await runtime.dependencies.pool.query(
            "SELECT email, item FROM millrace_messages_of($1::uuid, $2::text, \(Self.page))",
            [.uuid(correspondent), .text(name.text)], tenant: tenant
        ).map { (try $0[0].uuid, try $0[1].nullable?.uuid) }
    }

    /// The customer as an address.
    private var correspondent: UUID { EmailDigest.of(name.text.lowercased()) }

    /// What only these messages refer to goes at once, not when a day is over.
    private func contentsErased(_ emails: [UUID]) -> [SQLStatement] {
        guard !emails.isEmpty else { return [] }
        return [
            // Whoever refers to one of them at this moment holds it, and has written its reference when the lock is given.
            SQLStatement(
                """
                SELECT FROM content c WHERE c.tenant = $1
                    AND c.sha256 IN (SELECT sha256 FROM email_content WHERE tenant = $1 AND email = ANY($2::uuid[]))
                ORDER BY c.sha256 FOR UPDATE
                """, [.int4(tenant), .uuids(emails)]),
            ClearContentFiles.deleting(
                """
                AND c.sha256 IN (SELECT sha256 FROM email_content WHERE tenant = $1 AND email = ANY($2::uuid[]))
                    AND NOT EXISTS (
                        SELECT FROM email_content r
                        WHERE r.tenant = $1 AND r.sha256 = c.sha256 AND r.email <> ALL($2::uuid[]))
                FOR UPDATE
                """, [.int4(tenant), .uuids(emails)]),
            ClearContentFiles.marking(erasedFor: correspondent, tenant: tenant),
        ]
    }

    /// Removes the files of what was erased, also of what an erasure of this customer before this one could not reach.
    func removeFiles() async throws {
        try await ClearContentFiles(store: ContentStore(runtime)).removeGone(erasedFor: correspondent)
    }
}
