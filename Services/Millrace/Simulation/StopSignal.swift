import Synchronization

/// Tells many tasks to finish what they have in hand and end.
final class StopSignal: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var observers: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    /// Whether it is time to end.
    var isSet: Bool { since != nil }

    /// When it was set.
    var since: ContinuousClock.Instant? { state.withLock(\.since) }

    /// Sets it; later calls change nothing.
    func set() {
        let observers = state.withLock { state in
            if state.since == nil { state.since = .now }
            defer { state.observers = [] }
            return state.observers
        }
        for observer in observers { observer() }
    }

    /// Calls back once when it is set, at once when it is set already.
    func observe(_ observer: @escaping @Sendable () -> Void) {
        let isSet = state.withLock { state in
            if state.since == nil { state.observers.append(observer) }
            return state.since != nil
        }
        if isSet { observer() }
    }

    /// Waits until it is set or the task is cancelled.
    func wait() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        observe { continuation.finish() }
        for await _ in stream {}
    }
}
