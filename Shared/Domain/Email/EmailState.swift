/// Where a message is in its life.
public enum EmailState: String, Sendable, CaseIterable {
    /// It came in.
    case received
    /// Being written.
    case draft
    /// A supervisor looks at it first.
    case awaitingApproval
    /// It goes out as soon as its time has come.
    case queued
    /// The mailbox's holder has it in hand.
    case sending
    /// The server took it.
    case sent
    /// A notification says that it arrived.
    case delivered
    /// A notification says that it did not arrive.
    case bounced
    /// The server refused it, or its tries are used up. Of a message that came in: it could not be read.
    case failed
    /// It came in, could not be read, and is read once more.
    case reading
    /// Nobody knows whether the server took it; a person decides.
    case uncertain
    /// Called off before it went out.
    case canceled
    /// The supervisor refused it.
    case rejected

    /// Whether its text may still be changed.
    public var isDraft: Bool { self == .draft || self == .awaitingApproval }
}

/// What happens to a message that goes out.
public enum EmailAction: String, Sendable, CaseIterable {
    // By people.
    case send, approve, reject, cancel, retry, confirm
    // By the mailbox's holder.
    case claim, accept, postpone, fail, lose
    // By notifications.
    case deliver, bounce

    /// What people may do.
    public static let commands: [EmailAction] = [.send, .approve, .reject, .cancel, .retry, .confirm]
}

/// The one table of what may happen to a message in which state.
public enum EmailTransition {
    /// The state that the action leads to; nil when it is not allowed. `send` may lead to `awaitingApproval` instead.
    public static func next(from state: EmailState, action: EmailAction) -> EmailState? {
        switch (state, action) {
        case (.draft, .send): .queued
        case (.awaitingApproval, .approve): .queued
        case (.awaitingApproval, .reject): .rejected
        case (.draft, .cancel), (.awaitingApproval, .cancel), (.queued, .cancel): .canceled
        case (.uncertain, .confirm): .sent
        case (.uncertain, .retry), (.failed, .retry), (.bounced, .retry): .queued
        case (.uncertain, .cancel), (.failed, .cancel): .canceled
        // Also what was in hand already and has not been begun.
        case (.queued, .claim), (.sending, .claim): .sending
        // Who sent it may be heard when nobody waited for it any longer.
        case (.sending, .accept), (.uncertain, .accept): .sent
        case (.sending, .postpone): .queued
        // Also what waits for a mailbox that is gone.
        case (.sending, .fail), (.queued, .fail): .failed
        case (.sending, .lose): .uncertain
        // A notification knows more than the one who sent.
        case (.sent, .deliver), (.uncertain, .deliver), (.sending, .deliver): .delivered
        case (.sent, .bounce), (.uncertain, .bounce), (.sending, .bounce), (.delivered, .bounce): .bounced
        default: nil
        }
    }

    /// What to answer when `action` is not allowed in `state`.
    public static func refusal(of action: EmailAction, in state: EmailState) -> String {
        let possible = EmailAction.commands.filter { next(from: state, action: $0) != nil }.map(\.rawValue)
        let rest = possible.isEmpty ? "nothing is possible now" : "possible now: \(possible.joined(separator: ", "))"
        return "\(action.rawValue) is not possible while the message is \(state.rawValue); \(rest)."
    }
}

/// When a message is tried again that a server put off.
public enum EmailRetry {
    /// Whether nobody tries any longer: after two days and so many attempts as the pauses make of them. A server that asks
    /// for short pauses does not use the attempts up sooner, and a message that was to go out later has as many.
    public static func givesUp(afterAttempt attempt: Int, of age: Int64) -> Bool {
        attempt >= 54 && age > 2 * 86_400_000
    }

    /// Milliseconds until the next try: 30 s, doubling with each, at most an hour.
    public static func pause(afterAttempt attempt: Int) -> Int64 {
        min(3_600_000, 30_000 << Int64(max(0, min(attempt - 1, 7))))
    }
}
