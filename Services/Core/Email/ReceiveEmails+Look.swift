import Domain
import Foundation
import Storage

extension ReceiveEmails {
    /// What is there already that the messages of a call concern. Everything that the call may change is locked.
    struct Known: Sendable {
        var state: MailboxState
        var contents: Set<[UInt8]> = []
        /// By digest of the key.
        var keys: [UUID: (email: UUID?, workItem: UUID?, isIncomplete: Bool)] = [:]
        /// By digest of the message: where it was taken before.
        var messages: [UUID: [Before]] = [:]
        /// Items of conversations, by digest of a Message-ID.
        var threads: [UUID: UUID] = [:]
        var tokens: [String: UUID] = [:]
        /// Messages of our own, by digest of their Message-ID, and of the one that a provider gave them.
        var sent: [UUID: Email] = [:]
        /// Those of the marks that name messages of our own.
        var marks: Set<UUID> = []
        /// Automatic answers within the last hour, by correspondent.
        var automatic: [UUID: Int64] = [:]
        var locked = ChangeWorkItems.Locked()
        /// Of the locked items: how many messages came, and which agent answered last.
        var counts: [UUID: Int64] = [:]
        var answering: [UUID: Int32] = [:]
    }

    /// A message that was taken before.
    struct Before: Sendable {
        var mailbox: String
        var place: UUID
        /// Nil when it was a copy itself.
        var email: UUID?
        var workItem: UUID?
        var at: Instant
        /// What it says of itself; nil when that is gone.
        var head: UUID?

        /// Whether the message is the same one, as far as can be told: what came to the mailbox after this one had been
        /// taken for a day, and is compared with what is gone, is another.
        func isCopied(by email: ReceivedEmail) -> Bool {
            head.map { $0 == EmailIdentity.head(of: email.content) } ?? (email.receivedAt <= at + 86_400_000)
        }
    }

    /// Whether a message was not kept whole: then, and only then, what is kept of it says where it lies.
    static func isIncomplete(_ content: JSONObject?) -> Bool { content?["place"] != nil }

    /// Conversations are kept apart by so many locks.
    private static let buckets: UInt64 = 256

    func look(for emails: [ReceivedEmail], at now: Instant, on transaction: Transaction) async throws -> Known {
        let keys = emails.map { EmailIdentity.key($0.key) }
        let messages = emails.flatMap { $0.identities.map { EmailDigest.of($0) } }
        let referred = emails.map { EmailDigest.of($0.reference) }
        let conversation = referred + emails.flatMap { $0.references.map { EmailDigest.of($0) } }
        let originals = emails.compactMap { $0.deliveryStatus?.originalMessageId.map { EmailDigest.of($0) } }
        let tokens = emails.flatMap { $0.tokens.map { $0.lowercased() } }
        let marks = Set(emails.flatMap { $0.marks.compactMap { UUID(anyText: $0) } })
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
                """
                SELECT k.key, k.email, k.work_item, e.content
                FROM email_key k LEFT JOIN email e ON e.tenant = k.tenant AND e.id = k.email
                WHERE k.tenant = $1 AND k.mailbox = $2 AND k.key = ANY($3::uuid[])
                """, [own, .text(mailbox.name), .uuids(keys)]),
            SQLStatement(
                """
                SELECT k.message, k.mailbox, k.place, k.email, k.work_item, k.at, e.content
                FROM email_key k LEFT JOIN email e ON e.tenant = k.tenant AND e.id = k.email
                WHERE k.tenant = $1 AND k.message = ANY($2::uuid[])
                """, [own, .uuids(messages + emails.map { EmailIdentity.message($0) })]),
            SQLStatement(
                "SELECT message, work_item FROM email_thread WHERE tenant = $1 AND message = ANY($2::uuid[])",
                [own, .uuids(conversation)]),
            SQLStatement(
                "SELECT token, work_item FROM email_token WHERE tenant = $1 AND token = ANY($2::text[])",
                [own, .texts(tokens)]),
            SQLStatement(
                """
                SELECT message, sent_message, \(Email.columns) FROM email
                WHERE tenant = $1 AND direction = 'out' AND (message = ANY($2::uuid[]) OR sent_message = ANY($2::uuid[]))
                ORDER BY id FOR NO KEY UPDATE
                """, [own, .uuids(referred + originals)]),
            SQLStatement(
                """
                SELECT correspondent, count(*) FROM email_automatic
                WHERE tenant = $1 AND mailbox = $2 AND correspondent = ANY($3::uuid[]) AND at > $4 GROUP BY correspondent
                """,
                [own, .text(mailbox.name), .uuids(Array(correspondents)), .int8(now.milliseconds - 3_600_000)]),
            SQLStatement(
                "SELECT id FROM email WHERE tenant = $1 AND id = ANY($2::uuid[]) AND direction = 'out'",
                [own, .uuids(Array(marks))]),
        ])
        guard let row = found[1].first else { throw StorageError(.other, "the mailbox's row is missing") }
        var known = Known(state: try MailboxState(row: row))
        for row in found[3] { known.contents.insert(try row[0].bytes) }
        for row in found[4] {
            let content = (try row[3].nullable?.text).map { JSONObject(stored: $0) }
            known.keys[try row[0].uuid] = (
                try row[1].nullable?.uuid, try row[2].nullable?.uuid, Self.isIncomplete(content)
            )
        }
        for row in found[5] {
            known.messages[try row[0].uuid, default: []].append(
                Before(
                    mailbox: try row[1].text, place: try row[2].uuid, email: try row[3].nullable?.uuid,
                    workItem: try row[4].nullable?.uuid, at: Instant(milliseconds: try row[5].int64),
                    head: (try row[6].nullable?.text).map { EmailIdentity.head(of: JSONObject(stored: $0)) }))
        }
        for row in found[6] { known.threads[try row[0].uuid] = try row[1].uuid }
        let signer = ReplyTokens(box: runtime.dependencies.secrets, tenant: tenant)
        for row in found[7] {
            let (token, item) = (try row[0].text, try row[1].uuid)
            if signer.isToken(token, of: item) { known.tokens[token] = item }
        }
        for row in found[8] {
            let email = try Email(row: row, offset: 2)
            for column in 0...1 { if let message = try row[column].nullable?.uuid { known.sent[message] = email } }
        }
        for row in found[9] { known.automatic[try row[0].uuid] = try row[1].int64 }
        known.marks = Set(try found[10].map { try $0[0].uuid })
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

    /// What a message says of itself that every copy of it says, whichever way it came: From, Date and Subject. Without a
    /// date its text stands for that.
    static func head(of content: JSONObject) -> UUID {
        let from = content["from"].flatMap { EmailAddress($0)?.key }
        let date = content["date"]?.stringValue ?? content["text"]?.stringValue
        return EmailDigest.of([from, date, content["subject"]?.stringValue].map { $0 ?? "" }.joined(separator: "\n"))
    }

    /// A message that is told from another one of the same Message-ID.
    static func message(_ email: ReceivedEmail) -> UUID {
        EmailDigest.of("\(email.identity)\n\(head(of: email.content).hexText)")
    }

    /// The source's number of an item that a message makes: the same for what counts as the same message.
    /// - Parameter message: under which digest the message is kept.
    static func captureId(_ email: ReceivedEmail, in mailbox: MailboxConfiguration, apart message: UUID) -> String {
        var text =
            switch mailbox.inbound?.duplicates ?? .messageId {
            case .messageId: email.identity
            case .perMailbox: "\(email.identity)\n\(mailbox.name)"
            case .off: "\(email.identity)\n\(mailbox.name)\n\(key(email.key).hexText)"
            }
        // Others of its Message-ID may have been fetched whole since, and kept apart from it then.
        if !email.isWhole { text += "\n\(key(email.key).hexText)" }
        if message != EmailDigest.of(email.identity) { text += "\n\(message.hexText)" }
        return "mail-" + EmailDigest.of(text).hexText
    }
}
