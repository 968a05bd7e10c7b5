import Synchronization

/// Wakes one waiter; a wake-up without a waiter is kept for the next one.
///
/// Not an `AsyncStream`: one whose waiter is cancelled is finished for good.
package final class AsyncWake: Sendable {
    private struct State {
        var isWoken = false
        var next = 0
        var waiter: (id: Int, continuation: CheckedContinuation<Bool, Never>)?
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Nobody has woken yet.
    package init() {}

    /// Wakes.
    package func wake() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let waiter = state.waiter else {
                state.isWoken = true
                return nil
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume(returning: true)
    }

    /// Returns when woken, after the time, or when cancelled. One at a time may wait.
    /// - Returns: whether it was woken.
    @discardableResult
    package func wait(atMost duration: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.park() }
            group.addTask {
                try? await Task.sleep(for: duration)
                return false
            }
            var isWoken = await group.next() ?? false
            group.cancelAll()
            // Woken at the very end of the time.
            for await other in group where other { isWoken = true }
            return isWoken
        }
    }

    private func park() async -> Bool {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let isWoken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let over = state.withLock { state -> Bool? in
                    if state.isWoken {
                        state.isWoken = false
                        return true
                    }
                    if state.cancelled.remove(id) != nil { return false }
                    state.waiter = (id, continuation)
                    return nil
                }
                if let over { continuation.resume(returning: over) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let waiter = state.waiter, waiter.id == id else {
                    state.cancelled.insert(id)
                    return nil
                }
                state.waiter = nil
                return waiter.continuation
            }
            waiter?.resume(returning: false)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        return isWoken
    }
}
