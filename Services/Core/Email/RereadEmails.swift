import Domain
import Foundation
import ServiceKit
import Storage

/// Messages that could not be read and are tried again: when a person resumes the item that one of them made, the email
/// service is asked to read the bytes that were kept once more, and tells what stands in them now.
///
/// The item goes on meanwhile: should the service be away, people still have the message's bytes.
struct RereadEmails: Sendable {
    let runtime: TenantRuntime
    private var tenant: Int32 { runtime.tenant }

    /// A message to read.
    struct Reread: Sendable {
        let id: UUID
        let mailbox: String
        let content: JSONObject

        var document: JSONValue {
            var document: JSONObject = ["id": .string(id.dashedText), "mailbox": .string(mailbox)]
            document["raw"] = content["rawSha256"]
            document["size"] = content["size"]
            document["receivedAt"] = content["receivedAt"]
            document["place"] = content["place"]
            return .object(document)
        }
    }

    // MARK: Asking

    /// The messages of these items that could not be read, for the transaction that has the items locked.
    static func asking(
        for items: [UUID], actor: Actor, tenant: Int32, in snapshot: TenantSnapshot, at now: Instant,
        on transaction: Transaction
    ) async throws -> [SQLStatement] {
        let emails = try await transaction.query(
            """
            SELECT \(Email.columns) FROM email
            WHERE tenant = $1 AND work_item = ANY($2::uuid[]) AND direction = 'in' AND state = 'failed'
            ORDER BY id FOR UPDATE
            """, [.int4(tenant), .uuids(items)]
        ).map { try Email(row: $0) }
        guard !emails.isEmpty else { return [] }
        let asked = emails.map { email in
            var asked = email
            asked.state = .reading
            asked.revision += 1
            (asked.updatedAt, asked.dueAt) = (now, now)
            return asked
        }
        let events = zip(emails, asked).map {
            EmailEvents.event(of: $1, from: $0.state, actor: actor, in: snapshot)
        }
        return [
            Email.update(asked, tenant: tenant),
            WorkItemEvents.insertion(of: events, tenant: tenant, at: now, laned: true),
        ]
    }

    /// Hands messages out that are to be read. One that was handed out comes again after 30 s: whoever had it may be gone.
    static func taking(tenant: Int32, at now: Instant) -> SQLStatement {
        SQLStatement(
            """
            UPDATE email SET due_at = $2::bigint + 30000 WHERE tenant = $1 AND id IN (
                SELECT id FROM email WHERE tenant = $1 AND state = 'reading' AND due_at <= $2
                ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED)
            RETURNING id, mailbox, content
            """, [.int4(tenant), .int8(now.milliseconds)])
    }

    static func tasks(_ rows: SQLResult) throws -> [Reread] {
        try rows.map {
            Reread(id: try $0[0].uuid, mailbox: try $0[1].text, content: JSONObject(stored: try $0[2].text))
        }
    }

    // MARK: Telling

    /// Takes what stands in the message; told again it has no effect.
    func settle(_ id: UUID, _ message: ReceivedEmail, at now: Instant) async throws {
        let snapshot = runtime.snapshot
        guard let found = try await EmailQueries(pool: runtime.dependencies.pool, tenant: tenant).find(id) else {
            throw CoreAPI.noSuchEmail
        }
        let actor = Actor.mailbox(found.mailbox)
        let read = message.got(by: found.mailbox)
        let change = ChangeWorkItems(pool: runtime.dependencies.pool, tenant: tenant)
        let done = try await runtime.dependencies.pool.transaction(tenant: tenant, idempotent: true) {
            transaction -> ChangeWorkItems.Committed? in
            // The item first, as everybody who changes both does.
            var requests: [ChangeRequest] = []
            if let item = found.workItem, read.failed == nil, let news = update(read, found, snapshot) {
                requests = [ChangeRequest(reference: .id(item), command: .update(news), actor: actor)]
            }
            let locked = try await change.lock(requests, in: snapshot, on: transaction)
            let emails = ChangeEmails(runtime: runtime)
            let reported = try await reported(by: read, on: transaction)
            let present = try await emails.lock([id] + reported, on: transaction)
            guard let email = present.first(where: { $0.id == id }), email.direction == .incoming,
                email.state == .reading
            else { return nil }
            let stored = try await transaction.query(EmailReferences.locking(read.contents, tenant: tenant))
            guard stored.count == Set(read.contents).count else {
                throw Problem.conflict("A content that the message refers to is not stored; store it and tell again.")
            }
            var decided = change.decide(requests, locked: locked, in: snapshot, at: now)
            let (statements, batch) = change.statements(for: decided, in: snapshot, at: now)
            let told = present.filter { reported.contains($0.id) }.compactMap { sent in
                read.deliveryStatus.map { (before: sent, after: $0.told(of: sent, at: now)) }
            }.filter { $0.before.revision != $0.after.revision }
            let results = try await transaction.commit(
                with: statements + writing(read, to: email, actor, in: snapshot, at: now)
                    + emails.statements(told, actor: actor, at: now))
            if let batch { decided.batch = try results[batch][0, 0].int64 }
            return decided.committed
        }
        guard let done else { return }
        if !done.changes.isEmpty {
            runtime.announceOffers(in: done.changes)
            runtime.after(.changed(done.changes, agents: done.agents, batch: done.batch))
            CoreMetrics.note(done.changes, at: now)
        }
        runtime.committed.raise()
    }

    /// The message of ours of which this one tells what became of it.
    private func reported(by read: ReceivedEmail, on transaction: Transaction) async throws -> [UUID] {
        guard read.failed == nil, let original = read.deliveryStatus?.originalMessageId else { return [] }
        return try await transaction.query(
            "SELECT id FROM email WHERE tenant = $1 AND direction = 'out' AND message = $2",
            [.int4(tenant), .uuid(EmailDigest.of(original))]
        ).map { try $0[0].uuid }
    }

    /// What the item learns; how many messages it has stays as it is.
    private func update(_ read: ReceivedEmail, _ email: Email, _ snapshot: TenantSnapshot) -> UpdateCommand? {
        guard let mailbox = snapshot.configuration.mailbox(named: email.mailbox) else { return nil }
        var attributes = Reception.attributes(of: read, in: mailbox, snapshot: snapshot)
        attributes["emails"] = nil
        return try? UpdateCommand(body: ["attributes": .object(attributes)])
    }

    private func writing(
        _ read: ReceivedEmail, to email: Email, _ actor: Actor, in snapshot: TenantSnapshot, at now: Instant
    ) -> [SQLStatement] {
        var after = Email(
            id: email.id, direction: .incoming, state: read.failed == nil ? .received : .failed, mailbox: email.mailbox,
            workItem: email.workItem, messageId: read.messageId ?? email.messageId, at: email.createdAt,
            reason: read.failed, content: read.failed == nil ? read.content : email.content)
        // Whose marks it carries was not looked up.
        if read.failed == nil, read.isUnattended({ _ in false }) { after.content["unattended"] = true }
        after.revision = email.revision + 1
        after.updatedAt = now
        let event = EmailEvents.event(of: after, from: email.state, actor: actor, in: snapshot)
        var statements = [
            Email.update([after], tenant: tenant),
            SQLStatement(
                """
                UPDATE email SET message_id = $3, message = $4, correspondents = $5::uuid[] WHERE tenant = $1 AND id = $2
                """,
                [
                    .int4(tenant), .uuid(email.id), SQLValue(after.messageId),
                    after.messageId.map { .uuid(EmailDigest.of($0)) } ?? .null, .uuids(after.correspondents),
                ]),
            WorkItemEvents.insertion(of: [event], tenant: tenant, at: now, laned: true),
        ]
        if read.isWhole { statements.append(known(read, insteadOf: email)) }
        guard read.failed == nil else { return statements }
        statements += EmailReferences.adding(after.contents.map { (after.id, $0) }, tenant: tenant)
        if let item = email.workItem {
            let ids = [read.reference] + read.references
            statements.append(Reception.threads(ids.map { (EmailDigest.of($0), item) }, tenant: tenant))
        }
        return statements
    }

    /// By its Message-ID it is known from now on, and no longer by its bytes or its place.
    private func known(_ read: ReceivedEmail, insteadOf email: Email) -> SQLStatement {
        let before =
            [email.messageId, email.content["rawSha256"]?.stringValue].compactMap { $0 }
            + [
                email.content["place"].map {
                    ReceivedEmail.identity(ofIncomplete: email.messageId, in: email.mailbox, at: $0)
                }
            ].compactMap { $0 }
        // Where another message has come under the same Message-ID, by that and its head.
        let head = EmailIdentity.head(of: email.content).hexText
        return SQLStatement(
            "UPDATE email_key SET message = $3 WHERE tenant = $1 AND message = ANY($4::uuid[]) AND email = $2",
            [
                .int4(tenant), .uuid(email.id), .uuid(EmailDigest.of(read.identity)),
                .uuids(before.flatMap { [EmailDigest.of($0), EmailDigest.of("\($0)\n\(head)")] }),
            ])
    }
}
