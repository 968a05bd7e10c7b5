import Coordination
import Logging
import Synchronization
import Testing
import Threads

@Suite("Those who are cancelled while they are told something")
struct CancelledListenersTests {
    @Test("Listeners to a channel hold up nobody")
    func channel() async throws {
        let subscriptions = try RedisSubscriptions()
        let message = RedisReply.array([.string(Array("message".utf8)), .string(Array("a".utf8)), .string([])])
        try await cancel(listening: { for await _ in subscriptions.add("a", buffering: 1) {} }) {
            subscriptions.deliver(message)
        }
    }

    @Test("Watchers of a server hold up nobody")
    func server() async throws {
        let server = RedisServerIdentity()
        let lost = CoordinationError(.connectionLost, "lost")
        try await cancel(listening: { for await _ in server.watch() {} }) {
            server.note(.connected(runID: "1"), connection: 0, logger: quiet)
            server.note(.lost(lost), connection: 0, logger: quiet)
        }
    }

    /// Begins and cancels again and again what a thread tells something all the while. One that is stuck stays so: it
    /// cannot be waited for.
    private func cancel(
        listening: @escaping @Sendable () async -> Void, whileTelling tell: @escaping @Sendable () -> Void
    ) async throws {
        let isOver = Flag()
        defer { isOver.raise() }
        try OwnedThread.start { while !isOver.isRaised { tell() } }
        let (outcomes, outcome) = AsyncStream.makeStream(of: Bool.self)
        let listener = Task {
            for _ in 0..<5000 {
                await withTaskGroup { group in
                    group.addTask { await listening() }
                    group.cancelAll()
                }
            }
            outcome.yield(true)
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(30))
            outcome.yield(false)
        }
        var isWell = outcomes.makeAsyncIterator()
        #expect(await isWell.next() == true, "a listener that was cancelled never ended")
        timer.cancel()
        listener.cancel()
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}
