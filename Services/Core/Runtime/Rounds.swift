import Synchronization

/// The rounds of something that is read again and again, and those who wait for one that begins after they asked.
public final class Rounds: Sendable {
    private struct State {
        var begun: UInt64 = 0
        var ended: UInt64 = 0
        var lastWaiter: UInt64 = 0
        var waiters: [UInt64: (round: UInt64, continuation: CheckedContinuation<Void, Never>)] = [:]
    }
    private let state = Mutex(State())

    /// No round has begun.
    public init() {}

    /// Whether a round has ended.
    public var hasEndedOne: Bool { state.withLock { $0.ended > 0 } }

    /// A round begins. One that failed is begun again under the next number; only one is under way at a time.
    public func begin() { state.withLock { $0.begun += 1 } }

    /// The round that began last has ended well: whoever asked before it began goes on.
    public func end() {
        let served = state.withLock { state in
            state.ended = state.begun
            let served = state.waiters.filter { $0.value.round <= state.ended }
            for id in served.keys { state.waiters[id] = nil }
            return served
        }
        for waiter in served.values { waiter.continuation.resume() }
    }

    /// Waits for the end of a round that begins after this call; returns early when the task is cancelled.
    ///
    /// A round that is under way may have read before the caller asked, so it does not count.
    /// - Parameter hasten: called once the wait is registered, to have the next round begin soon.
    public func wait(hasten: @Sendable () -> Void = {}) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    if Task.isCancelled { return false }
                    state.waiters[id] = (state.begun + 1, continuation)
                    return true
                }
                if waits { hasten() } else { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }
}
