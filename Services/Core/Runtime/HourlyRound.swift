import Synchronization

/// How far a round has come that goes on step by step and begins again an hour after it ended.
final class HourlyRound: Sendable {
    private struct State {
        var place = ""
        var begins = ContinuousClock.now
    }
    private let state = Mutex(State())

    /// Where the last step ended, empty before the first; nil while the next round is not due.
    var place: String? { state.withLock { $0.begins <= .now ? $0.place : nil } }

    /// - Parameter place: where a step ended; nil ends the round.
    func note(_ place: String?) {
        state.withLock { state in
            state.place = place ?? ""
            if place == nil { state.begins = .now + .seconds(3600) }
        }
    }
}
