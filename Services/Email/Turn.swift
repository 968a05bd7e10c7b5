import Synchronization

/// A turn of one of the ``Slots``.
package final class Turn: Sendable {
    /// How often it is tried again to lend a turn out.
    private static let pause = Duration.milliseconds(250)

    private let slots: Slots
    /// Bytes for which it is lent out; nil while it is not.
    private let lent = Mutex<Int?>(nil)

    init(slots: Slots) { self.slots = slots }

    /// Runs what waits for a server. When that takes long another goes on instead; then the turn is waited for again.
    /// - Parameter bytes: what it may hold meanwhile, at most.
    /// - Throws: what `body` throws; `CancellationError` when cancelled while waiting.
    package func lending<Value: Sendable>(_ bytes: Int, _ body: () async throws -> Value) async throws -> Value {
        let value = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.lend(bytes) }
            defer { group.cancelAll() }
            return try await body()
        }
        guard let bytes = lent.withLock({ $0 }) else { return value }
        guard await slots.enter(isFirst: true) else { throw CancellationError() }
        lent.withLock { $0 = nil }
        slots.giveBack(bytes)
        return value
    }

    private func lend(_ bytes: Int) async {
        try? await Task.sleep(for: slots.patience)
        while !Task.isCancelled {
            if slots.lend(bytes) { return lent.withLock { $0 = bytes } }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// It is over, lent out or not.
    func end() {
        if let bytes = lent.withLock({ $0.take() }) { slots.giveBack(bytes) } else { slots.leave() }
    }
}
