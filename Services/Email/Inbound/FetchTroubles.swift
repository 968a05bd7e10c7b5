import EmailAccess
import Synchronization

/// Messages that the server does not give out, or at which it ends the connection: some servers do so when they cannot
/// read one. Kept while the mailbox is held, from connection to connection, so that one such message stops no other.
///
/// A connection that is lost makes all messages that were asked for suspects, which are then asked for one by one. One
/// that is refused is postponed: the others are taken, and it is asked for again in the next round, after a pause.
package final class FetchTroubles<Key: Hashable & Sendable>: Sendable {
    /// One by one as often as this: else a server that is restarted would make a message look bad.
    private static var tries: Int { 3 }
    /// What the server says of now may be otherwise a while later: so many rounds, over so long.
    private static var patience: (rounds: Int, time: Duration) { (10, .seconds(600)) }
    /// When so many are refused in a round it is the server that has troubles, not the messages.
    private static var postponedAtMost: Int { 3 }

    private struct Trouble {
        /// Rounds in which the connection did not live through it, or stood still.
        var broken = 0
        /// Rounds in which it was refused.
        var refused = 0
        /// Rounds in which the server said that it cannot give it out now.
        var later = 0
        let since: ContinuousClock.Instant
    }

    private struct State {
        var troubles: [Key: Trouble] = [:]
        /// When the server last gave out any message.
        var lastGiven: ContinuousClock.Instant?
        var postponed: (count: Int, first: EmailAccessError)?
        var ahead: Set<Key> = []
        var givenUp = 0
        var folder: String?
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    /// None yet.
    /// - Parameter now: what the time is.
    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// Whether it is to be asked for by itself.
    package func isSuspect(_ key: Key) -> Bool { state.withLock { $0.troubles[key] != nil } }

    /// Whether it is not to be asked for again.
    ///
    /// What is only refused is given up when the server gives out others: else the server is to blame.
    package func isGivenUp(_ key: Key) -> Bool {
        let now = now()
        return state.withLock { state in
            guard let trouble = state.troubles[key] else { return false }
            if trouble.broken > Self.tries { return true }
            let givesOthers = state.lastGiven.map { $0 > trouble.since } ?? false
            let isLong = now - trouble.since >= Self.patience.time
            if trouble.refused > Self.tries, givesOthers { return true }
            if trouble.refused > Self.patience.rounds, isLong { return true }
            return trouble.refused + trouble.later > Self.patience.rounds && isLong && givesOthers
        }
    }

    /// How many messages were given up that the connection did not live through; others get their turn at once.
    package var givenUp: Int { state.withLock { $0.givenUp } }

    /// The server gave them out.
    package func given(_ keys: [Key]) {
        guard !keys.isEmpty else { return }
        let now = now()
        state.withLock { state in
            for key in keys { state.troubles[key] = nil }
            state.lastGiven = now
        }
    }

    /// Notes that they were asked for in vain.
    package func note(_ error: EmailAccessError, of keys: [Key]) {
        let now = now()
        state.withLock { state in
            for key in keys {
                var trouble = state.troubles[key] ?? Trouble(since: now)
                switch error.code {
                case .connectionLost, .closed, .timedOut, .protocolViolation:
                    trouble.broken += 1
                    if trouble.broken == Self.tries + 1 { state.givenUp += 1 }
                case .temporarilyRefused, .mailboxFull: trouble.later += 1
                case .refused: trouble.refused += 1
                default: continue
                }
                state.troubles[key] = trouble
            }
        }
    }

    /// Asks for messages, and notes them when the connection does not live through it.
    package func watching<Value>(_ keys: [Key], _ ask: () async throws -> Value) async throws -> Value {
        do {
            return try await ask()
        } catch let error as EmailAccessError {
            if !Task.isCancelled, [.connectionLost, .closed, .timedOut, .protocolViolation].contains(error.code) {
                note(error, of: keys)
            }
            throw error
        }
    }

    // MARK: Rounds

    /// A round begins: nothing is postponed.
    package func beginRound() { state.withLock { $0.postponed = nil } }

    /// A message is asked for again in the next round.
    /// - Throws: the error, when too many are for the messages to be at fault.
    package func postpone(because error: EmailAccessError) throws {
        let isOver = state.withLock { state in
            let count = (state.postponed?.count ?? 0) + 1
            state.postponed = (count, state.postponed?.first ?? error)
            return count > Self.postponedAtMost
        }
        if isOver { throw Self.waiting(error) }
    }

    /// Whether something is asked for again: what is taken now is ahead of it, and how far the mailbox is read stays.
    package var hasPostponed: Bool { state.withLock { $0.postponed != nil } }

    /// These were taken: should the round end before its end, or something be asked for again, they are not taken once more.
    package func took(_ keys: some Sequence<Key>) {
        state.withLock { $0.ahead.formUnion(keys) }
    }

    /// Whether it was taken in a round before.
    package func isAhead(_ key: Key) -> Bool { state.withLock { $0.ahead.contains(key) } }

    /// A round is over.
    /// - Throws: why messages are asked for again.
    package func endRound() throws {
        let postponed = state.withLock { state in
            if state.postponed == nil { state.ahead = [] }
            return state.postponed?.first
        }
        if let postponed { throw Self.waiting(postponed) }
    }

    /// Says what the keys are keys of. When that is another folder than before, what was noted concerns other messages.
    package func concern(_ folder: String) {
        state.withLock { state in
            if let known = state.folder, known != folder { state = State(givenUp: state.givenUp) }
            state.folder = folder
        }
    }

    private static func waiting(_ error: EmailAccessError) -> EmailAccessError {
        EmailAccessError(.temporarilyRefused, "Messages are not given out and are asked for again. \(error.text)")
    }
}
