import Synchronization

/// Something may have happened: wakes the one who waits, and remembers when nobody does.
final class Signal: Sendable {
    private struct State {
        var raised = false
        var waiter: (id: UInt64, continuation: CheckedContinuation<Void, Never>)?
        var next: UInt64 = 0
    }
    private let state = Mutex(State())

    func raise() {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter else {
                state.raised = true
                return nil as CheckedContinuation<Void, Never>?
            }
            state.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    /// Waits for the signal, at most so long. Only one may wait at a time.
    func wait(atMost time: Duration) async {
        let timer = Task {
            // Cancelled when the signal came first: then there is nothing to end.
            do { try await Task.sleep(for: time) } catch { return }
            raise()
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    if state.raised || Task.isCancelled {
                        state.raised = false
                        return true
                    }
                    state.waiter = (state.next, continuation)
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }
}
