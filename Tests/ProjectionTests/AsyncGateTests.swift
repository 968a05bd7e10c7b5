import Projection
import Synchronization
import Testing

/// One at a time.
struct AsyncGateTests {
    @Test func oneTaskAtATimeIsInside() async throws {
        let gate = AsyncGate()
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await gate.enter()
                    defer { gate.leave() }
                    inside.counts.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    await Task.yield()
                    inside.counts.withLock {
                        $0.now -= 1
                        $0.passed += 1
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(inside.counts.withLock { $0.most } == 1)
        #expect(inside.counts.withLock { $0.passed } == 200)
    }

    @Test func whoIsCancelledInLineIsNotInside() async throws {
        let gate = AsyncGate()
        try await gate.enter()
        let waiting = Task { try await gate.enter() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.leave()
        try await gate.enter()
        gate.leave()
    }
}

/// Who is inside, and who has been.
private final class Inside: Sendable {
    struct Counts {
        var now = 0
        var most = 0
        var passed = 0
    }

    let counts = Mutex(Counts())
}
