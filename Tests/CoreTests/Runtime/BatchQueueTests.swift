import Core
import Synchronization
import Testing

@Suite("The queue of batches")
struct BatchQueueTests {
    /// Batches that wait until they are let go, and what was done.
    private final class Gate: Sendable {
        let begun: AsyncStream<[Int]>
        private let tell: AsyncStream<[Int]>.Continuation
        private let leave: AsyncStream<Void>
        let letGo: AsyncStream<Void>.Continuation
        let done = Mutex<[Int]>([])

        init() {
            (begun, tell) = AsyncStream.makeStream()
            (leave, letGo) = AsyncStream.makeStream()
        }

        func pass(_ batch: [Int]) async -> [Result<Void, any Error>] {
            tell.yield(batch)
            for await _ in leave { break }
            done.withLock { $0 += batch }
            return batch.map { _ in .success(()) }
        }
    }
    private struct Failure: Error {}

    @Test("At rest there is nothing to wait for")
    func rest() async {
        let queue = BatchQueue<Int, Void> { $0.map { _ in .success(()) } }
        #expect(await queue.settle() == false)
        #expect(!queue.isBusy)
    }

    @Test("Settled is what was handed over before, and not what comes later")
    func settling() async throws {
        let gate = Gate()
        let queue = BatchQueue<Int, Void> { await gate.pass($0) }
        let running = Task { await queue.run() }
        var begun = gate.begun.makeAsyncIterator()
        queue.post(1)
        #expect(await begun.next() == [1])
        #expect(queue.isBusy)
        queue.post(2)
        async let settled = queue.settle()
        gate.letGo.yield()
        #expect(await begun.next() == [2])
        gate.letGo.yield()
        _ = await settled
        #expect(gate.done.withLock { $0 } == [1, 2])
        queue.post(3)
        #expect(await begun.next() == [3])
        gate.letGo.yield()
        _ = await queue.settle()
        #expect(gate.done.withLock { $0 } == [1, 2, 3])
        running.cancel()
        await running.value
    }

    @Test("What failed, or was dropped at the end, is settled too")
    func failing() async {
        let queue = BatchQueue<Int, Void> { _ in throw Failure() }
        queue.post(1)
        async let settled = queue.settle()
        let running = Task { await queue.run() }
        _ = await settled
        running.cancel()
        await running.value
        #expect(await queue.settle() == false)
    }
}
