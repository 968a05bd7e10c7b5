import Synchronization

/// A value that is expensive to make and may be a little old: those who ask meanwhile share one making.
actor Fresh<Value: Sendable> {
    private var made: (value: Value, at: ContinuousClock.Instant)?
    private var underWay: Task<Value, any Error>?

    func value(olderThan age: Duration, _ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if let made, ContinuousClock.now - made.at < age { return made.value }
        if let underWay { return try await underWay.value }
        // Not a child of one caller, whose cancellation would fail the others.
        let task = Task { try await make() }
        underWay = task
        defer { underWay = nil }
        let value = try await task.value
        made = (value, .now)
        return value
    }
}
