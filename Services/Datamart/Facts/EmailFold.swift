import Domain
import Foundation

/// A step of a message: a row of `email_event_fact`.
package struct EmailStep: Sendable {
    package var position: Int64
    package var at: Int64
    package var email: UUID
    package var revision: Int32
    package var item: UUID?
    package var outgoing: Bool
    package var mailbox: Int32
    package var from: EmailState?
    package var to: EmailState
    package var actorKind: String
    package var actor: String
    package var attempt: Int32?
    package var automatic: Bool
    package var reason: String?
}

/// What is known of a message after its last step: a row of `email_fact`. Instants are milliseconds since 1970.
package struct EmailRow: Sendable, Hashable {
    package var email: UUID
    package var item: UUID?
    package var revision: Int32
    package var mailbox: Int32
    package var outgoing: Bool
    package var state: EmailState
    package var automatic: Bool
    package var attempts: Int32
    package var firstAt: Int64
    package var lastAt: Int64
    package var queuedAt: Int64?
    package var sentAt: Int64?
    package var endedAt: Int64?
    package var firstPosition: Int64
    package var lastPosition: Int64
}

/// Takes a message from step to step.
package enum FoldEmail {
    /// Applies a step; one that has been applied changes nothing and gives false.
    package static func apply(_ step: EmailStep, to row: inout EmailRow?, _ contributions: inout Contributions) -> Bool
    {
        if let row, step.revision <= row.revision { return false }
        let time = max(step.at, row?.lastAt ?? step.at)
        var after =
            row
            ?? EmailRow(
                email: step.email, revision: step.revision, mailbox: step.mailbox, outgoing: step.outgoing,
                state: step.to, automatic: step.automatic, attempts: 0, firstAt: time, lastAt: time,
                firstPosition: step.position, lastPosition: step.position)
        (after.revision, after.state, after.lastAt, after.lastPosition) = (step.revision, step.to, time, step.position)
        (after.mailbox, after.item, after.automatic) = (step.mailbox, step.item, step.automatic)
        after.attempts = step.attempt ?? after.attempts
        var measures = Measures()
        if step.from != step.to, let measure = measure(of: step.to) { measures[measure.rawValue] = 1 }
        if step.to == .queued, after.queuedAt == nil { after.queuedAt = time }
        if step.to == .sent, after.sentAt == nil {
            after.sentAt = time
            if let queued = after.queuedAt {
                measures[EmailMeasure.sends.rawValue] = 1
                measures[EmailMeasure.sendTime.rawValue] = time - queued
            }
        }
        after.endedAt = ends(step.to) ? time : nil
        if !measures.isZero {
            // By the clock that saw it, as its row of `email_event_fact` is found: a message is no level that must not go back.
            contributions.add(
                measures, to: .email, [step.mailbox, step.outgoing ? 1 : 0, 0, 0, 0, 0, 0, 0], at: step.at)
        }
        row = after
        return true
    }

    /// What a message counts as that comes to a state; what is read once more counts again when it has been.
    private static func measure(of state: EmailState) -> EmailMeasure? {
        switch state {
        case .received: .received
        case .draft: .drafted
        case .awaitingApproval: .awaitingApproval
        case .queued: .queued
        case .sending: .sending
        case .sent: .sent
        case .delivered: .delivered
        case .bounced: .bounced
        case .failed: .failed
        case .reading: nil
        case .uncertain: .uncertain
        case .canceled: .canceled
        case .rejected: .rejected
        }
    }

    private static func ends(_ state: EmailState) -> Bool {
        switch state {
        case .delivered, .bounced, .failed, .canceled, .rejected: true
        default: false
        }
    }
}
