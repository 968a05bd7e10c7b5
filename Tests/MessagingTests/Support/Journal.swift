import Synchronization

/// What handlers saw, in order, and a way to wait for it.
final class Journal<Entry: Sendable>: Sendable {
    private struct State {
        var entries: [Entry] = []
        var waiting:
            [(condition: @Sendable ([Entry]) -> Bool, continuation: CheckedContinuation<Bool, Never>, id: Int)] =
                []
        var lastID = 0
    }
    private let state = Mutex(State())

    var entries: [Entry] { state.withLock { $0.entries } }

    func add(_ entries: some Sequence<Entry>) {
        let entries = Array(entries)
        let ready = state.withLock { state in
            state.entries += entries
            let all = state.entries
            let ready = state.waiting.filter { $0.condition(all) }.map(\.continuation)
            state.waiting.removeAll { $0.condition(all) }
            return ready
        }
        for continuation in ready { continuation.resume(returning: true) }
    }

    func add(_ entry: Entry) { add(CollectionOfOne(entry)) }

    /// Waits until the entries satisfy the condition; false when that takes longer than the bound.
    func wait(
        within bound: Duration = .seconds(20), until condition: @escaping @Sendable ([Entry]) -> Bool
    ) async -> Bool {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let alarm = Task {
            try await Task.sleep(for: bound)
            let late = state.withLock { state in
                defer { state.waiting.removeAll { $0.id == id } }
                return state.waiting.first { $0.id == id }?.continuation
            }
            late?.resume(returning: false)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if condition(state.entries) { return true }
                state.waiting.append((condition, continuation, id))
                return false
            }
            if isReady { continuation.resume(returning: true) }
        }
    }
}
