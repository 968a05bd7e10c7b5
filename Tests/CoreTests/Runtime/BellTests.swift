import Core
import Testing

@Suite struct BellTests {
    @Test(.timeLimit(.minutes(1))) func everybodyWhoWaitsIsWoken() async {
        let bell = Bell()
        let rings = bell.rings
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await bell.wait(after: rings, atMost: .seconds(600)) } }
            await Task.yield()
            bell.ring()
        }
        #expect(bell.rings == rings + 1)
    }

    @Test(.timeLimit(.minutes(1))) func aRingBetweenLookAndWaitIsNotMissed() async {
        let bell = Bell()
        let rings = bell.rings
        bell.ring()
        await bell.wait(after: rings, atMost: .seconds(600))
        await bell.wait(after: bell.rings, atMost: .milliseconds(1))
    }

    @Test(.timeLimit(.minutes(1))) func whoeverIsCancelledStops() async {
        let bell = Bell()
        let waiting = Task { await bell.wait(after: bell.rings, atMost: .seconds(600)) }
        await Task.yield()
        waiting.cancel()
        await waiting.value
    }
}
