import Synchronization

/// Something that happens at most once: a stop, a lost connection. Whoever comes late is told at once.
final class OneTimeSignal: Sendable {
    private struct State {
        var fired = false
        var next = 0
        var observers: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    var hasFired: Bool { state.withLock { $0.fired } }

    func fire() {
        let observers = state.withLock { state -> [Int: @Sendable () -> Void] in
            state.fired = true
            defer { state.observers = [:] }
            return state.observers
        }
        for observer in observers.values { observer() }
    }

    /// Calls `observer` once, now or later, unless it is removed before.
    func observe(_ observer: @escaping @Sendable () -> Void) -> Int {
        let token = state.withLock { state -> Int? in
            if state.fired { return nil }
            state.next += 1
            state.observers[state.next] = observer
            return state.next
        }
        if token == nil { observer() }
        return token ?? 0
    }

    func remove(_ token: Int) {
        state.withLock { state in state.observers[token] = nil }
    }

    /// Returns when the signal has fired or the task is cancelled.
    func wait() async {
        let woken = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let token = observe { woken.continuation.finish() }
        for await _ in woken.stream {}
        remove(token)
    }
}
