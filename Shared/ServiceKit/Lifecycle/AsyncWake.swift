import Synchronization

/// Wakes one waiter; a wake-up without a waiter is kept for the next one.
///
/// Not an `AsyncStream`: one whose waiter is cancelled is finished for good.
package final class AsyncWake: Sendable {
    private struct State {
        var isWoken = false
        var next = 0
        var waiter: (id: Int, continuation: CheckedContinuation<Void, Never>)?
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Nobody has woken yet.
    package init() {}

    /// Wakes.
    package func wake() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isWoken = true
                return nil
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Returns when woken, after the time, or when cancelled. One at a time may wait.
    package func wait(atMost duration: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.park() }
            group.addTask { try? await Task.sleep(for: duration) }
            await group.next()
            group.cancelAll()
        }
    }

    private func park() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state -> Bool in
                    if state.cancelled.remove(id) != nil { return true }
                    if state.isWoken {
                        state.isWoken = false
                        return true
                    }
                    state.waiter = (id, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let waiter = state.waiter, waiter.id == id else {
                    state.cancelled.insert(id)
                    return nil
                }
                state.waiter = nil
                return waiter.continuation
            }
            waiter?.resume()
        }
        state.withLock { _ = $0.cancelled.remove(id) }
    }
}
