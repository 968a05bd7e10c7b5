import Synchronization

/// Agents who gave a sign of life since the book was last read.
final class PresenceBook: Sendable {
    private let seen = Mutex<Set<Int32>>([])

    func note(_ agent: Int32) { _ = seen.withLock { $0.insert(agent) } }

    func takeAll() -> Set<Int32> {
        seen.withLock { seen in
            defer { seen.removeAll() }
            return seen
        }
    }
}
