import Domain
import Foundation
import ServiceKit
import Storage

/// The outbound queue of a mailbox, as its holder works it off: claim, send, tell the outcome.
///
/// A message is in hand under a term and an attempt. Until its holder says that it begins (`due_at` is there as long as it
/// has not) nothing can have gone out: it is given out again, also to the same holder, whose claim was answered in vain. What
/// was begun by a holder that has gone is nobody's to send again: the next holder looks whether it went out, or a person
/// decides.
struct SendEmails: Sendable {
    let runtime: TenantRuntime
    let mailbox: MailboxConfiguration
    private var tenant: Int32 { runtime.tenant }
    private var pool: PostgresPool { runtime.dependencies.pool }

    /// What a claim gives.
    struct Claim: Sendable {
        var due: [Email] = []
        /// Begun under an earlier term when its holder went away: to be looked for in the sent folder, not to be sent.
        var interrupted: [Email] = []
    }

    /// Takes messages into hand whose time has come, and such as were taken before and not begun. A holder claims when it has
    /// none in hand.
    func claim(term: Int64, limit: Int, at now: Instant) async throws -> Claim {
        let change = ChangeEmails(runtime: runtime)
        let claim = try await pool.transaction(
            tenant: tenant, fence: MailboxLease(runtime: runtime, mailbox: mailbox).fence(term)
        ) { transaction in
            let found = try await transaction.pipeline([
                SQLStatement(
                    """
                    SELECT \(Email.columns) FROM email
                    WHERE tenant = $1 AND mailbox = $2 AND state = 'sending' AND term < $3 AND due_at IS NULL
                    ORDER BY id LIMIT $4 FOR UPDATE
                    """, [.int4(tenant), .text(mailbox.name), .int8(term), .int8(Int64(limit))]),
                SQLStatement(
                    """
                    SELECT \(Email.columns) FROM email
                    WHERE tenant = $1 AND mailbox = $2 AND state = 'sending' AND term <= $3 AND due_at IS NOT NULL
                    ORDER BY due_at, id LIMIT $4 FOR UPDATE
                    """, [.int4(tenant), .text(mailbox.name), .int8(term), .int8(Int64(limit))]),
                SQLStatement(
                    """
                    SELECT \(Email.columns) FROM email
                    WHERE tenant = $1 AND mailbox = $2 AND state = 'queued' AND due_at <= $3
                    ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
                    """, [.int4(tenant), .text(mailbox.name), .int8(now.milliseconds), .int8(Int64(limit))]),
            ])
            var claim = Claim()
            var changes: [(before: Email, after: Email)] = []
            for row in found[0] {
                let email = try Email(row: row)
                var taken = email
                taken.term = term
                changes.append((email, taken))
                claim.interrupted.append(taken)
            }
            for row in (Array(found[1]) + Array(found[2])).prefix(limit) {
                let email = try Email(row: row)
                let taken = try ChangeEmails.after(.claim, email, at: now) {
                    $0.attempt += 1
                    $0.term = term
                    $0.dueAt = email.dueAt ?? now
                }
                changes.append((email, taken))
                claim.due.append(taken)
            }
            _ = try await transaction.commit(
                with: change.statements(changes, actor: .mailbox(mailbox.name), at: now))
            return claim
        }
        if !claim.due.isEmpty { runtime.committed.raise() }
        return claim
    }

    /// From now on the attempt may be in the server's hands. Once more for the same attempt has no effect.
    /// - Throws: a refusal when the message is not in hand at that attempt: it was given out again, and is not to be sent.
    func begin(_ id: UUID, term: Int64, attempt: Int32, at now: Instant) async throws {
        let change = ChangeEmails(runtime: runtime)
        try await pool.transaction(
            tenant: tenant, fence: MailboxLease(runtime: runtime, mailbox: mailbox).fence(term), idempotent: true
        ) { transaction in
            guard let email = try await change.lock([id], on: transaction).first, email.mailbox == mailbox.name else {
                throw Refusal(.notFound, "There is no such message of this mailbox.")
            }
            guard email.state == .sending, email.attempt == attempt else {
                throw Refusal(
                    .notAllowed,
                    "The message is \(email.state.rawValue) at attempt \(email.attempt); attempt \(attempt) is over.")
            }
            guard email.dueAt != nil else { return }
            var begun = email
            // From here it is waited for, however long it was made ready before.
            (begun.dueAt, begun.updatedAt) = (nil, now)
            // No step of the message: nothing is told of it.
            _ = try await transaction.commit(
                with: change.statements([(email, begun)], actor: .mailbox(mailbox.name), at: now))
        }
    }

    /// What became of an attempt.
    enum Outcome: String, Sendable, CaseIterable { case sent, retry, failed, uncertain }

    /// Stores the outcome of an attempt; the same once more has no effect.
    /// - Parameters:
    ///   - reply: what the server said.
    ///   - pause: milliseconds until the next try; nil lets the number of the attempt say.
    ///   - name: the Message-ID under which it went out, where that is known; it may also be told later.
    func settle(
        _ id: UUID, term: Int64, attempt: Int32, _ outcome: Outcome, reply: String?, pause: Int64?,
        name: String? = nil, at now: Instant
    ) async throws -> Email {
        let change = ChangeEmails(runtime: runtime)
        let (email, changed) = try await pool.transaction(
            tenant: tenant, fence: MailboxLease(runtime: runtime, mailbox: mailbox).fence(term)
        ) { transaction -> (Email, Bool) in
            guard let email = try await change.lock([id], on: transaction).first, email.mailbox == mailbox.name else {
                throw Refusal(.notFound, "There is no such message of this mailbox.")
            }
            guard email.attempt == attempt, email.direction == .outgoing else {
                throw Refusal(.notAllowed, "The message is at attempt \(email.attempt), not \(attempt).")
            }
            // Where nobody knew, what the one who sent it knows counts: or a person would have it sent twice.
            let isLate = email.state == .uncertain && outcome == .sent
            if email.state != .sending, !isLate {
                // Told before: a repeat. A notification may have come since.
                guard email.state == Self.state(after: outcome) || outcome == .sent && email.state != .queued else {
                    throw Refusal(.notAllowed, "The message is \(email.state.rawValue); the attempt is settled.")
                }
                guard outcome == .sent else { return (email, false) }
                let named = SentMessageId.noting(name, on: email)
                let statements = SentMessageId.statements(email, named, tenant: tenant)
                guard !statements.isEmpty else { return (email, false) }
                // No step of the message: nothing is told of it.
                _ = try await transaction.commit(
                    with: change.statements([(email, named)], actor: .mailbox(mailbox.name), at: now) + statements)
                return (named, false)
            }
            var after = try Self.decide(email, outcome, reply: reply, pause: pause, at: now)
            if outcome == .sent { after = SentMessageId.noting(name, on: after) }
            _ = try await transaction.commit(
                with: change.statements([(email, after)], actor: .mailbox(mailbox.name), at: now)
                    + SentMessageId.statements(email, after, tenant: tenant))
            return (after, true)
        }
        if changed { runtime.committed.raise() }
        return email
    }

    private static func state(after outcome: Outcome) -> EmailState {
        switch outcome {
        case .sent: .sent
        case .retry: .queued
        case .failed: .failed
        case .uncertain: .uncertain
        }
    }

    private static func decide(
        _ email: Email, _ outcome: Outcome, reply: String?, pause: Int64?, at now: Instant
    ) throws(Refusal) -> Email {
        let action: EmailAction =
            switch outcome {
            case .sent: .accept
            case .failed: .fail
            case .uncertain: .lose
            case .retry:
                EmailRetry.givesUp(afterAttempt: Int(email.attempt), of: now - email.createdAt) ? .fail : .postpone
            }
        return try ChangeEmails.after(action, email, at: now) {
            $0.reason = reply
            if action == .postpone {
                $0.dueAt = now + (pause ?? EmailRetry.pause(afterAttempt: Int(email.attempt)))
            }
        }
    }

    /// Milliseconds after which a message that is in hand is no longer waited for: since it was begun, or else claimed.
    private static let longestInHand: Int64 = 15 * 60_000

    /// What has been in hand for too long, whoever has it, is for a person to decide, or goes back when it was not begun.
    static func giveUp(_ runtime: TenantRuntime, at now: Instant) async throws {
        let change = ChangeEmails(runtime: runtime)
        let count = try await runtime.dependencies.pool.transaction(tenant: runtime.tenant, idempotent: true) {
            transaction in
            let rows = try await transaction.query(
                """
                SELECT \(Email.columns) FROM email WHERE tenant = $1 AND state = 'sending' AND updated_at < $2
                ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
                """, [.int4(runtime.tenant), .int8(now.milliseconds - longestInHand)])
            let changes = try rows.map { row in
                let email = try Email(row: row)
                let isBegun = email.dueAt == nil
                let after = try ChangeEmails.after(isBegun ? .lose : .postpone, email, at: now) {
                    $0.reason =
                        isBegun ? "Nobody has told what became of the attempt." : "The attempt was never begun."
                }
                return (before: email, after: after)
            }
            _ = try await transaction.commit(with: change.statements(changes, actor: .timer, at: now))
            return changes.count
        }
        if count > 0 { runtime.committed.raise() }
    }
}
