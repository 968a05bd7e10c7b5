import Core
import Synchronization
import Testing

@Suite("Rounds of reading")
struct RoundsTests {
    @Test("A round that is under way when somebody asks does not count; the next one does")
    func theNextRoundCounts() async {
        let rounds = Rounds()
        let isServed = Mutex(false)
        rounds.begin()
        let asked = AsyncStream<Void>.makeStream()
        let waiting = Task {
            await rounds.wait { asked.continuation.yield() }
            isServed.withLock { $0 = true }
        }
        for await _ in asked.stream { break }
        rounds.end()
        #expect(!isServed.withLock { $0 })
        // A round that fails has no end; the one after it serves.
        rounds.begin()
        rounds.begin()
        rounds.end()
        await waiting.value
        #expect(rounds.hasEndedOne)
    }

    @Test("A wait ends when its task is cancelled")
    func cancelledWaits() async {
        let rounds = Rounds()
        let asked = AsyncStream<Void>.makeStream()
        let waiting = Task { await rounds.wait { asked.continuation.yield() } }
        for await _ in asked.stream { break }
        waiting.cancel()
        await waiting.value
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await rounds.wait()
        }
        await late.value
        #expect(!rounds.hasEndedOne)
    }
}
