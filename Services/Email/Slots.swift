import Synchronization

/// So many may do something at the same time; the others wait their turn. What each holds meanwhile bounds memory.
///
/// Whoever waits for a slow server does not keep others from theirs: its turn is lent out after a while, as far as what all
/// of those may hold stays within a bound.
package final class Slots: Sendable {
    private struct State {
        var free: Int
        var next = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var cancelled: Set<Int> = []
        /// Bytes that those may hold whose turns are lent out.
        var lent = 0
    }

    private let state: Mutex<State>
    private let lendable: Int
    /// How long somebody waits for a server before the turn is lent out.
    let patience: Duration

    /// Room for so many.
    /// - Parameter bytes: what those may hold whose turns are lent out.
    package init(_ count: Int, lending bytes: Int = 0, after patience: Duration = .seconds(2)) {
        state = Mutex(State(free: count))
        lendable = bytes
        self.patience = patience
    }

    /// Runs `body` when there is room.
    /// - Throws: what `body` throws; `CancellationError` when cancelled while waiting.
    package func use<Value: Sendable>(_ body: (Turn) async throws -> Value) async throws -> Value {
        guard await enter() else { throw CancellationError() }
        let turn = Turn(slots: self)
        defer { turn.end() }
        return try await body(turn)
    }

    /// - Parameter isFirst: whether it goes before those that wait.
    /// - Returns: false when cancelled.
    func enter(isFirst: Bool = false) async -> Bool {
        let id = state.withLock { state -> Int? in
            if state.free > 0 {
                state.free -= 1
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let id else { return true }
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> Bool? in
                    if state.cancelled.remove(id) != nil { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting.insert((id, continuation), at: isFirst ? 0 : state.waiting.count)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiting.remove(at: index).continuation
            }
            waiting?.resume(returning: false)
        }
    }

    func leave() { state.withLock { Self.next(&$0) }?.resume(returning: true) }

    /// Lends a turn to who waits longest.
    /// - Returns: false when nobody waits, or too much is lent already.
    func lend(_ bytes: Int) -> Bool {
        let (isLent, next) = state.withLock { state -> (Bool, CheckedContinuation<Bool, Never>?) in
            guard !state.waiting.isEmpty, state.lent + bytes <= lendable else { return (false, nil) }
            state.lent += bytes
            return (true, Self.next(&state))
        }
        next?.resume(returning: true)
        return isLent
    }

    func giveBack(_ bytes: Int) { state.withLock { $0.lent -= bytes } }

    private static func next(_ state: inout State) -> CheckedContinuation<Bool, Never>? {
        guard !state.waiting.isEmpty else {
            state.free += 1
            return nil
        }
        return state.waiting.removeFirst().continuation
    }
}
