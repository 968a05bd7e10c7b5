import Email
import Testing

/// Turns at taking mail.
@Suite struct SlotsTests {
    /// Something that happens once.
    private struct Signal: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        init() { (stream, continuation) = AsyncStream.makeStream() }
        func fire() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    @Test(.timeLimit(.minutes(1))) func whoWaitsForASlowServerHoldsUpNobody() async throws {
        let slots = Slots(1, lending: 30, after: .milliseconds(5))
        let answers = Signal()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await slots.use { turn in
                        try await turn.lending(10) { await answers.wait() }
                        return false
                    }
                }
            }
            group.addTask { try await slots.use { _ in true } }
            #expect(try await group.next() == true, "the one that waits for nobody is through first")
            answers.fire()
            for try await isQuick in group { #expect(!isQuick) }
        }
        // All turns and all that was lent are back.
        try await whatIsLentIsBounded(slots, 30)
    }

    /// Lends as much as may be lent, and no more.
    private func whatIsLentIsBounded(_ slots: Slots, _ bytes: Int) async throws {
        let (inside, answers, more) = (Signal(), Signal(), Signal())
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask {
                try await slots.use { turn in
                    inside.fire()
                    try await turn.lending(bytes) { await answers.wait() }
                    return "first"
                }
            }
            await inside.wait()
            group.addTask {
                try await slots.use { turn in
                    more.fire()
                    try await turn.lending(1) { await answers.wait() }
                    return "second"
                }
            }
            // The first one's turn was lent to the second, whose own stays its own.
            await more.wait()
            let third = Task { try await slots.use { _ in "third" } }
            answers.fire()
            var ended: [String] = []
            for try await name in group { ended.append(name) }
            #expect(ended.sorted() == ["first", "second"])
            #expect(try await third.value == "third")
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoIsCancelledWhileTheTurnIsLentGivesItBack() async throws {
        let slots = Slots(1, lending: 10, after: .milliseconds(1))
        for _ in 0..<3 {
            let (inside, taken, ends) = (Signal(), Signal(), Signal())
            let slow = Task {
                try await slots.use { turn in
                    inside.fire()
                    try await turn.lending(10) { await ends.wait() }
                }
            }
            await inside.wait()
            let quick = Task {
                try await slots.use { _ in
                    taken.fire()
                    await ends.wait()
                }
            }
            await taken.wait()
            slow.cancel()
            #expect(await slow.result.isFailure)
            ends.fire()
            try await quick.value
        }
    }

    @Test func aSlowServerIsAskedForLittle() {
        var pace = FetchPace()
        for _ in 0..<10 { pace.note(.milliseconds(1)) }
        #expect(pace.bytes == MessageBatches.bytes)
        pace.note(.seconds(1))
        #expect(pace.bytes == MessageBatches.bytes)
        for _ in 0..<10 { pace.note(.seconds(9)) }
        #expect(pace.bytes == 128 << 10)
    }
}

extension Result {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
