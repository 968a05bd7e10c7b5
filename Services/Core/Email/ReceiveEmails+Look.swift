import Domain
import Foundation
import Storage

extension ReceiveEmails {
    /// What is there already that the messages of a call concern. Everything that the call may change is locked.
    struct Known: Sendable {
        var state: MailboxState
        var contents: Set<[UInt8]> = []
        /// By digest of the key.
        var keys: [UUID: (email: UUID?, workItem: UUID?)] = [:]
        /// By digest of the message: where it was taken before.
        var messages: [UUID: [(mailbox: String, place: UUID, email: UUID?, workItem: UUID?)]] = [:]
        /// Items of conversations, by digest of a Message-ID.
        var threads: [UUID: UUID] = [:]
        var tokens: [String: UUID] = [:]
        /// Messages of our own, by digest of their Message-ID.
        var sent: [UUID: Email] = [:]
        /// Automatic answers within the last hour, by correspondent.
        var automatic: [UUID: Int64] = [:]
        var locked = ChangeWorkItems.Locked()
        /// Of the locked items: how many messages came, and which agent answered last.
        var counts: [UUID: Int64] = [:]
        var answering: [UUID: Int32] = [:]
    }

    /// Conversations are kept apart by so many locks.
    private static let buckets: UInt64 = 256

    func look(for emails: [ReceivedEmail], at now: Instant, on transaction: Transaction) async throws -> Known {
        let keys = emails.map { EmailIdentity.key($0.key) }
        let messages = emails.flatMap { $0.identities.map { EmailDigest.of($0) } }
        let referred = emails.map { EmailDigest.of($0.reference) }
        let conversation = referred + emails.flatMap { $0.references.map { EmailDigest.of($0) } }
        let originals = emails.compactMap { $0.deliveryStatus?.originalMessageId.map { EmailDigest.of($0) } }
        let tokens = emails.compactMap { $0.token?.lowercased() }
        let buckets = Set(
            (conversation + messages + originals).map { Int32(truncatingIfNeeded: $0.halves.low % Self.buckets) })
        let correspondents = Set(
            emails.flatMap { ($0.replyTo + [$0.from].compactMap { $0 }).map { EmailDigest.of($0.key) } })
        let own: SQLValue = .int4(tenant)
        // Each statement sees what was committed before it: those behind the locks see everything of the conversation.
        let found = try await transaction.pipeline([
            MailboxState.begin(mailbox, tenant: tenant, at: now),
            MailboxState.read(mailbox.name, tenant: tenant, locking: true),
            SQLStatement(
                "SELECT pg_advisory_xact_lock($1, b)::text FROM (SELECT unnest($2::int[]) AS b ORDER BY 1) AS s",
                [.int4(tenant ^ 0x656D_6100), .int4s(buckets.sorted())]),
            EmailReferences.locking(Array(Set(emails.flatMap(\.contents))), tenant: tenant),
            SQLStatement(
                "SELECT key, email, work_item FROM email_key WHERE tenant = $1 AND mailbox = $2 AND key = ANY($3::uuid[])",
                [own, .text(mailbox.name), .uuids(keys)]),
            SQLStatement(
                """
                SELECT message, mailbox, place, email, work_item FROM email_key
                WHERE tenant = $1 AND message = ANY($2::uuid[])
                """, [own, .uuids(messages)]),
            SQLStatement(
                "SELECT message, work_item FROM email_thread WHERE tenant = $1 AND message = ANY($2::uuid[])",
                [own, .uuids(conversation)]),
            SQLStatement(
                "SELECT token, work_item FROM email_token WHERE tenant = $1 AND token = ANY($2::text[])",
                [own, .texts(tokens)]),
            SQLStatement(
                """
                SELECT message, \(Email.columns) FROM email
                WHERE tenant = $1 AND direction = 'out' AND message = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
                """, [own, .uuids(referred + originals)]),
            SQLStatement(
                """
                SELECT correspondent, count(*) FROM email_automatic
                WHERE tenant = $1 AND mailbox = $2 AND correspondent = ANY($3::uuid[]) AND at > $4 GROUP BY correspondent
                """,
                [own, .text(mailbox.name), .uuids(Array(correspondents)), .int8(now.milliseconds - 3_600_000)]),
        ])
        guard let row = found[1].first else { throw StorageError(.other, "the mailbox's row is missing") }
        var known = Known(state: try MailboxState(row: row))
        for row in found[3] { known.contents.insert(try row[0].bytes) }
        for row in found[4] { known.keys[try row[0].uuid] = (try row[1].nullable?.uuid, try row[2].nullable?.uuid) }
        for row in found[5] {
            known.messages[try row[0].uuid, default: []].append(
                (try row[1].text, try row[2].uuid, try row[3].nullable?.uuid, try row[4].nullable?.uuid))
        }
        for row in found[6] { known.threads[try row[0].uuid] = try row[1].uuid }
        let signer = ReplyTokens(box: runtime.dependencies.secrets, tenant: tenant)
        for row in found[7] {
            let (token, item) = (try row[0].text, try row[1].uuid)
            if signer.isToken(token, of: item) { known.tokens[token] = item }
        }
        for row in found[8] { known.sent[try row[0].uuid] = try Email(row: row, offset: 1) }
        for row in found[9] { known.automatic[try row[0].uuid] = try row[1].int64 }
        try await lockItems(&known, on: transaction)
        return known
    }

    /// The items of the conversations with their agents, as every change locks them.
    private func lockItems(_ known: inout Known, on transaction: Transaction) async throws {
        let items = Set(known.threads.values).union(known.tokens.values)
        guard !items.isEmpty else { return }
        let requests = items.map { ChangeRequest(reference: .id($0), command: .rerank, actor: .configuration) }
        known.locked = try await ChangeWorkItems(pool: runtime.dependencies.pool, tenant: tenant)
            .lock(requests, in: runtime.snapshot, on: transaction)
        let found = try await transaction.pipeline([
            SQLStatement(
                """
                SELECT work_item, count(*) FROM email WHERE tenant = $1 AND work_item = ANY($2::uuid[])
                    AND direction = 'in' GROUP BY work_item
                """, [.int4(tenant), .uuids(Array(items))]),
            SQLStatement(
                """
                SELECT DISTINCT ON (work_item) work_item, agent FROM email
                WHERE tenant = $1 AND work_item = ANY($2::uuid[]) AND direction = 'out' AND agent IS NOT NULL
                    AND state NOT IN ('draft', 'canceled', 'rejected')
                ORDER BY work_item, id DESC
                """, [.int4(tenant), .uuids(Array(items))]),
        ])
        for row in found[0] { known.counts[try row[0].uuid] = try row[1].int64 }
        for row in found[1] { known.answering[try row[0].uuid] = try row[1].int32 }
    }
}

/// What tells messages apart.
enum EmailIdentity {
    static func key(_ key: ReceivedEmail.Key) -> UUID {
        switch key {
        case .place(let folder, let validity, let uid, let epoch):
            EmailDigest.of("\(folder)\n\(validity)\n\(uid)" + (epoch == 0 ? "" : "\n\(epoch)"))
        case .id(let id): EmailDigest.of("id\n\(id)")
        }
    }

    /// The folder in the form that it had: a rebuilt one is another place.
    static func place(_ key: ReceivedEmail.Key) -> UUID {
        switch key {
        case .place(let folder, let validity, _, let epoch):
            EmailDigest.of("\(folder)\n\(validity)" + (epoch == 0 ? "" : "\n\n\(epoch)"))
        case .id: EmailDigest.of("id")
        }
    }

    /// The source's number of an item that a message makes: the same for what counts as the same message.
    static func captureId(_ email: ReceivedEmail, in mailbox: MailboxConfiguration) -> String {
        let text =
            switch mailbox.inbound?.duplicates ?? .messageId {
            case .messageId: email.identity
            case .perMailbox: "\(email.identity)\n\(mailbox.name)"
            case .off: "\(email.identity)\n\(mailbox.name)\n\(key(email.key).hexText)"
            }
        return "mail-" + EmailDigest.of(text).hexText
    }
}
