import Domain
import Foundation
import ServiceKit
import Storage

/// People's messages on their way into the outbound queue: made, changed, sent off, approved.
struct WriteEmails: Sendable {
    let runtime: TenantRuntime
    let actor: Actor
    /// Nil for a supervisor, who writes for everybody and needs nobody's approval.
    let agent: AgentSettings?
    let key: AnswerKey?
    private var tenant: Int32 { runtime.tenant }
    private var pool: PostgresPool { runtime.dependencies.pool }
    private var tokens: ReplyTokens { ReplyTokens(box: runtime.dependencies.secrets, tenant: tenant) }

    /// Makes a message.
    func make(_ draft: EmailDraft, item: WorkItem?, at now: Instant) async throws -> StoredAnswer {
        let snapshot = runtime.snapshot
        let original = try await answered(by: draft, of: draft.kind == .new ? nil : item?.id)
        let mailbox = try mailbox(draft.mailbox, original, item, snapshot)
        let compose = ComposeEmail(snapshot: snapshot, mailbox: mailbox, tokens: tokens, now: now)
        let state: EmailState =
            draft.draft ? .draft : needsApproval(mailbox, item, snapshot) ? .awaitingApproval : .queued
        let context = ComposeEmail.Context(item: item, original: original, agent: agent)
        let change = ChangeEmails(runtime: runtime)
        let made = try await KeptAnswers(runtime).once(key, at: now) { transaction in
            let attachments = try await attachments(of: draft, original, on: transaction)
            let email = try compose.message(draft, context, attachments: attachments, state: state)
            _ = try await transaction.pipeline(change.making([email], tokens: tokens, actor: actor, at: now))
            return (done: true, answer: answer(201, email, snapshot))
        }
        if made.done != nil { told(state) }
        return made.answer
    }

    /// The message of the item that a draft answers: the one that it names, else the last that somebody wrote.
    private func answered(by draft: EmailDraft, of item: UUID?) async throws -> Email? {
        guard let item else { return nil }
        let queries = EmailQueries(pool: pool, tenant: tenant)
        guard let named = draft.answered else { return try await queries.last(of: item) }
        guard let id = UUID(anyText: named), let found = try await queries.answerable(id, of: item) else {
            throw CoreAPI.wrong("/emailId", "must be the id of a message that came for this item and could be read")
        }
        return found
    }

    /// After the commit: the relay, and the email service when something is to be sent.
    private func told(_ state: EmailState) {
        runtime.committed.raise()
        if state == .queued { runtime.announceMail() }
    }

    /// Changes what has not been sent off. Its text and its HTML are one body: naming one makes both anew, so that nobody
    /// reads what was corrected.
    func edit(_ id: UUID, _ draft: EmailDraft, revisions: [Int64]?, at now: Instant) async throws -> StoredAnswer {
        let snapshot = runtime.snapshot
        return try await change(id, revisions: revisions, at: now) { email, transaction in
            guard email.state.isDraft, email.direction == .outgoing else {
                throw Refusal(.notAllowed, "Only a draft can be changed; the message is \(email.state.rawValue).")
            }
            let mailbox = try mailbox(email.mailbox, nil, nil, snapshot)
            guard let outbound = mailbox.outbound else {
                throw Refusal(.notAllowed, "The mailbox \(mailbox.name) does not send any longer.")
            }
            let compose = ComposeEmail(snapshot: snapshot, mailbox: mailbox, tokens: tokens, now: now)
            var after = email
            after.revision += 1
            after.updatedAt = now
            if let from = draft.from {
                let sender = try compose.sender(from, outbound)
                (after.content["from"], after.content["envelopeFrom"]) = (sender.document, .string(sender.address))
            }
            for (name, list) in [("to", draft.to), ("cc", draft.cc), ("bcc", draft.bcc)] {
                if let list { after.content[name] = .array(list.map(\.document)) }
            }
            var subject = draft.subject
            if draft.text != nil || draft.html != nil || draft.template != nil {
                let body = try compose.body(
                    of: draft, try await context(of: email, snapshot, on: transaction),
                    quotes: email.content["quote"]?.boolValue == true, shown: true)
                subject = body.subject
                after.content["text"] = .string(body.text)
                after.content["html"] = body.html.map(JSONValue.string)
            }
            if let subject { after.content["subject"] = .string(ComposeEmail.oneLine(subject)) }
            if let due = draft.sendAt { after.dueAt = due }
            if draft.attachments != nil {
                let attachments = try await attachments(of: draft, nil, on: transaction)
                after.content["attachments"] = .array(attachments.map(\.document))
            }
            try compose.checkSize(after.content, after.attachments, outbound)
            // Whoever is to approve it may have read another one.
            if agent != nil, email.state == .awaitingApproval { after.content["changedWhileAwaiting"] = true }
            return after
        }
    }

    /// What a message that is there already has to do with.
    private func context(
        of email: Email, _ snapshot: TenantSnapshot, on transaction: Transaction
    ) async throws -> ComposeEmail.Context {
        var context = ComposeEmail.Context(item: try await item(of: email, on: transaction))
        context.agent = email.agent.flatMap { snapshot.agents[$0] }
        if let id = email.content["answers"]?.stringValue.flatMap({ UUID(anyText: $0) }) {
            context.original = try await transaction.query(
                "SELECT \(Email.columns) FROM email WHERE tenant = $1 AND id = $2", [.int4(tenant), .uuid(id)]
            ).first.map { try Email(row: $0) }
        }
        return context
    }

    /// Does what a person asks of a message.
    func perform(
        _ action: EmailAction, on id: UUID, reason: String?, revisions: [Int64]?, at now: Instant
    ) async throws -> StoredAnswer {
        let snapshot = runtime.snapshot
        return try await change(id, revisions: revisions, at: now) { email, transaction in
            var state: EmailState?
            if action == .send {
                guard !email.addresses("to").isEmpty || email.state != .draft else {
                    throw Refusal(.notAllowed, "Nobody is named to whom the message goes; change it first.")
                }
                let item = try await item(of: email, on: transaction)
                if let mailbox = snapshot.configuration.mailbox(named: email.mailbox),
                    needsApproval(mailbox, item, snapshot)
                {
                    state = .awaitingApproval
                }
            }
            if action == .approve, revisions == nil, email.content["changedWhileAwaiting"] != nil {
                throw Refusal(
                    .notAllowed,
                    "The message was changed after it was handed in; read it again and approve it with If-Match.")
            }
            return try ChangeEmails.after(action, email, at: now, to: state) {
                $0.reason = reason
                $0.content["changedWhileAwaiting"] = nil
                if $0.state == .queued || $0.state == .awaitingApproval {
                    $0.dueAt = action == .retry ? now : max(now, email.dueAt ?? now)
                }
            }
        }
    }

    private func change(
        _ id: UUID, revisions: [Int64]?, at now: Instant,
        _ decide: @Sendable (Email, Transaction) async throws -> Email
    ) async throws -> StoredAnswer {
        let change = ChangeEmails(runtime: runtime)
        let snapshot = runtime.snapshot
        let made = try await KeptAnswers(runtime).once(key, at: now) { transaction in
            guard let email = try await change.lock([id], on: transaction).first,
                try await mayTouch(email, on: transaction)
            else { throw Refusal(.notFound, "There is no such message.") }
            if let revisions, !revisions.contains(Int64(email.revision)) {
                throw Refusal(.revisionMismatch, "The message is at revision \(email.revision); read it again.")
            }
            let after = try await decide(email, transaction)
            let statements =
                change.statements([(email, after)], actor: actor, at: now)
                + EmailReferences.adding(after.attachments.map { (after.id, $0.sha256) }, tenant: tenant)
            _ = try await transaction.pipeline(statements)
            return (done: after.state, answer: answer(200, after, snapshot))
        }
        if let state = made.done { told(state) }
        return made.answer
    }

    private func answer(_ status: Int, _ email: Email, _ snapshot: TenantSnapshot) -> StoredAnswer {
        StoredAnswer(status) { EmailView(email: email, snapshot: snapshot).write(members: &$0) }
    }

    /// An agent has what the agent wrote, and what belongs to an item that the agent has.
    private func mayTouch(_ email: Email, on transaction: Transaction) async throws -> Bool {
        guard let agent, email.agent != agent.id else { return true }
        return try await item(of: email, on: transaction)?.belongs(to: agent) == true
    }

    private func item(of email: Email, on transaction: Transaction) async throws -> WorkItem? {
        guard let id = email.workItem else { return nil }
        return try await transaction.query(
            "SELECT \(WorkItem.columns) FROM work_item WHERE tenant = $1 AND id = $2", [.int4(tenant), .uuid(id)]
        ).first.map { try WorkItem(row: $0) }
    }

    private func needsApproval(_ mailbox: MailboxConfiguration, _ item: WorkItem?, _ snapshot: TenantSnapshot) -> Bool {
        guard agent != nil else { return false }
        return item?.category.flatMap { snapshot.placements[$0]?.approveReplies } ?? mailbox.approveReplies
    }

    /// The mailbox that was asked for, else that of the conversation.
    private func mailbox(
        _ name: String?, _ original: Email?, _ item: WorkItem?, _ snapshot: TenantSnapshot
    ) throws -> MailboxConfiguration {
        let attribute = item.flatMap { JSONObject(stored: $0.attributes)["mailbox"]?.stringValue }
        let wanted = name ?? original?.mailbox ?? attribute
        guard let wanted, let mailbox = snapshot.configuration.mailbox(named: wanted) else {
            throw Problem.unprocessable(
                "The item has no conversation by mail whose mailbox is configured.",
                errors: [.init(path: "/mailbox", message: "must name a mailbox of the configuration")])
        }
        return mailbox
    }

    /// The attachments of a draft; of a message that is forwarded those of the message, unless others are named.
    private func attachments(
        of draft: EmailDraft, _ original: Email?, on transaction: Transaction
    ) async throws -> [EmailAttachment] {
        var wanted: [(index: Int, attachment: EmailAttachment)] = []
        if draft.attachments == nil, draft.kind == .forward, let original {
            wanted = original.attachments.enumerated().map { ($0.offset, $0.element) }
        }
        for (index, attachment) in (draft.attachments ?? []).enumerated() {
            switch attachment {
            case .content(let digest, let name, let type):
                wanted.append((index, EmailAttachment(name: name, type: type ?? "", size: 0, sha256: digest)))
            case .part(let email, let part):
                let rows = try await transaction.query(
                    "SELECT \(Email.columns) FROM email WHERE tenant = $1 AND id = $2",
                    [.int4(tenant), UUID(anyText: email).map { .uuid($0) } ?? .null])
                let parts = try rows.first.map { try Email(row: $0).attachments } ?? []
                guard part < parts.count else { throw Self.missing(index) }
                wanted.append((index, parts[part]))
            }
        }
        guard !wanted.isEmpty else { return [] }
        let rows = try await transaction.query(
            EmailReferences.locking(wanted.map(\.attachment.sha256), tenant: tenant))
        var stored: [[UInt8]: (size: Int64, type: String)] = [:]
        for row in rows { stored[try row[0].bytes] = (try row[1].int64, try row[2].text) }
        return try wanted.map { index, attachment in
            guard let content = stored[attachment.sha256] else { throw Self.missing(index) }
            var attachment = attachment
            attachment.size = content.size
            if attachment.type.isEmpty { attachment.type = content.type }
            return attachment
        }
    }

    private static func missing(_ index: Int) -> Problem {
        .unprocessable(
            "An attachment is not there.",
            errors: [
                .init(path: "/attachments/\(index)", message: "must be a stored content or a part of a message")
            ])
    }
}
