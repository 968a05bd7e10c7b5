import Domain
import Foundation
import ServiceKit
import Storage

/// The one way in which messages that go out change: lock, decide by the table of transitions, write message and event.
struct ChangeEmails: Sendable {
    let runtime: TenantRuntime
    private var tenant: Int32 { runtime.tenant }

    /// Locks messages in the order of their ids.
    func lock(_ ids: [UUID], on transaction: Transaction) async throws -> [Email] {
        try await transaction.query(
            """
            SELECT \(Email.columns) FROM email WHERE tenant = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE
            """, [.int4(tenant), .uuids(ids)]
        ).map { try Email(row: $0) }
    }

    /// Writes changes with their events.
    func statements(
        _ changes: [(before: Email, after: Email)], actor: Actor, at now: Instant
    ) -> [SQLStatement] {
        guard !changes.isEmpty else { return [] }
        let update = Email.update(changes.map(\.after), tenant: tenant)
        // Another holder is no step of the message.
        let told = changes.filter { $0.before.revision != $0.after.revision }
        guard !told.isEmpty else { return [update] }
        return [
            update,
            WorkItemEvents.insertion(
                of: told.map {
                    EmailEvents.event(of: $0.after, from: $0.before.state, actor: actor, in: runtime.snapshot)
                },
                tenant: tenant, at: now, laned: true),
        ]
    }

    /// Writes new messages with their events, references, threads and tokens.
    func making(_ emails: [Email], tokens: ReplyTokens, actor: Actor, at now: Instant) -> [SQLStatement] {
        let threads = emails.compactMap { email in
            email.messageId.flatMap { id in email.workItem.map { (message: EmailDigest.of(id), item: $0) } }
        }
        let made = emails.compactMap { email in
            email.workItem.flatMap { item in tokens.token(of: item).map { (token: $0, item: item) } }
        }
        return [Email.insertion(of: emails, tenant: tenant)]
            + EmailReferences.adding(emails.flatMap { email in email.contents.map { (email.id, $0) } }, tenant: tenant)
            + (threads.isEmpty ? [] : [Reception.threads(threads, tenant: tenant)])
            + ReplyTokens.storing(made, tenant: tenant)
            + [
                WorkItemEvents.insertion(
                    of: emails.map { EmailEvents.event(of: $0, from: nil, actor: actor, in: runtime.snapshot) },
                    tenant: tenant, at: now, laned: true)
            ]
    }

    /// The message after an action; `edit` sets what the action brings besides.
    /// - Throws: a refusal when the table of transitions forbids it.
    static func after(
        _ action: EmailAction, _ email: Email, at now: Instant, to state: EmailState? = nil,
        edit: (inout Email) -> Void = { _ in }
    ) throws(Refusal) -> Email {
        guard email.direction == .outgoing, let next = EmailTransition.next(from: email.state, action: action) else {
            throw Refusal(.notAllowed, EmailTransition.refusal(of: action, in: email.state))
        }
        var after = email
        after.state = state ?? next
        after.revision += 1
        after.updatedAt = now
        after.reason = nil
        if after.state != .queued && after.state != .awaitingApproval { after.dueAt = nil }
        edit(&after)
        return after
    }
}
