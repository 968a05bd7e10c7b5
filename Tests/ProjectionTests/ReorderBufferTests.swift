import Domain
import Messaging
import Projection
import Testing

/// Events in, steps out.
struct ReorderBufferTests {
    private static let partition = TopicPartition(topic: "workitems.events", partition: 0)

    private func message(_ position: Int64, offset: Int64 = 0, bytes: Int = 10) -> PendingEvent {
        PendingEvent(
            message: [UInt8](repeating: 0, count: bytes), head: EventHead(tenant: "demo", position: position),
            partition: Self.partition, offset: offset)
    }

    private func event(_ position: Int64) -> ProjectedEvent {
        ProjectedEvent(
            position: position, id: "a-\(position)", subject: "a", kind: "workitem.submit", revision: 1,
            at: Instant(milliseconds: position), data: [:])
    }

    /// A page after which there is no more, unless it is said where the feed ends.
    private func page(_ positions: Int64..., last: Int64 = 0) -> FeedPage { FeedPage(positions.map(event), last: last) }

    /// The positions of a step that applies; nil of another.
    private func applies(_ step: ReorderBuffer.Step) -> [Int64]? {
        if case .apply(let run) = step { run.map(\.position) } else { nil }
    }

    private func asks(_ step: ReorderBuffer.Step) -> Int64? {
        if case .ask(let position) = step { position } else { nil }
    }

    @Test func eventsThatComeInAnyOrderAreAppliedInOrder() {
        var buffer = ReorderBuffer()
        for position in [3, 1, 5, 2] as [Int64] { #expect(buffer.take(message(position)) == .kept) }
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        #expect(run.map(\.position) == [1, 2, 3])
        buffer.applied(run)
        #expect(buffer.position == 3)
        #expect(buffer.lag == 2)
        #expect(applies(buffer.step(at: .zero)) == nil)
        #expect(buffer.take(message(2)) == .repeated)
        #expect(buffer.take(message(5)) == .repeated)
    }

    @Test func theFeedIsAskedForWhatDoesNotComeWithinPatience() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 10))
        _ = buffer.take(message(12))
        #expect(asks(buffer.step(at: .seconds(5))) == nil)
        #expect(asks(buffer.step(at: .milliseconds(5900))) == nil)
        #expect(asks(buffer.step(at: .milliseconds(6000))) == 10)
        #expect(buffer.answered(page(11), after: 10, at: .seconds(6)) == 0)
        #expect(applies(buffer.step(at: .seconds(6))) == [11, 12])
    }

    @Test func theTopicMayBringWhatTheFeedIsAskedFor() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 10))
        _ = buffer.step(at: .zero)
        #expect(asks(buffer.step(at: .seconds(1))) == 10)
        _ = buffer.take(message(11))
        guard case .apply(let run) = buffer.step(at: .seconds(1)) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(buffer.answered(page(11), after: 10, at: .seconds(1)) == 0)
        #expect(buffer.count == 0, "what the answer repeats is not kept")
    }

    @Test func aFullPageIsFollowedByTheNextWithoutAPause() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(limits: limits)
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(asks(buffer.step(at: .zero)) == 2)
        _ = buffer.answered(page(3), after: 2, at: .zero)
        #expect(!buffer.readsFeed)
    }

    @Test func aFullPageThatReachesWhatTheTopicBroughtIsTheLast() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(limits: limits)
        _ = buffer.take(message(3))
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        #expect(!buffer.readsFeed)
        #expect(applies(buffer.step(at: .zero)) == [1, 2, 3])
    }

    @Test func whatTheFeedNoLongerHoldsIsPassedOverAndCounted() {
        var buffer = ReorderBuffer()
        #expect(buffer.answered(page(101, 102), after: 0, at: .zero) == 100)
        #expect(applies(buffer.step(at: .zero)) == [101, 102])
    }

    @Test func anEmptyPageMeansPatience() {
        var buffer = ReorderBuffer()
        _ = buffer.answered(page(), after: 0, at: .seconds(3))
        #expect(asks(buffer.step(at: .milliseconds(3500))) == nil)
        #expect(asks(buffer.step(at: .seconds(4))) == 0)
    }

    @Test func howFarItIsBehindIsKnownWithTheFirstPage() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 10))
        _ = buffer.answered(page(11, 12, last: 5_000_010), after: 10, at: .zero)
        #expect(buffer.lag == 5_000_000)
    }

    @Test func aPageThatEndsEarlyIsFollowedByTheNextWithoutAPause() {
        var buffer = ReorderBuffer()
        _ = buffer.take(message(0, offset: 4))
        #expect(buffer.heard == [Self.partition: 4])
        _ = buffer.answered(page(1, last: 3), after: 0, at: .zero)
        #expect(buffer.readsFeed)
        #expect(buffer.heard.isEmpty, "the topics are read from their ends when this is over")
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(asks(buffer.step(at: .zero)) == 1)
        _ = buffer.answered(page(2, 3, last: 3), after: 1, at: .zero)
        #expect(!buffer.readsFeed)
    }

    @Test func whatHasAllBeenClearedAwayIsPassedOver() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 90))
        #expect(buffer.answered(page(last: 100), after: 90, at: .zero) == 10)
        #expect(buffer.lag == 0)
        #expect(buffer.answered(page(last: 100), after: 100, at: .zero) == 0)
        #expect(buffer.take(message(101)) == .kept)
        #expect(applies(buffer.step(at: .zero)) == [101])
    }

    @Test func whatTheTopicKeptForLongerIsNotPassedOver() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 90))
        for position in [95, 96] as [Int64] { _ = buffer.take(message(position)) }
        #expect(buffer.answered(page(last: 100), after: 90, at: .zero) == 4)
        #expect(applies(buffer.step(at: .zero)) == [95, 96])
    }

    @Test func aFeedThatEndsEarlierPassesNothingOver() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 90))
        #expect(buffer.answered(page(last: 50), after: 90, at: .zero) == 0)
        #expect(buffer.position == 90)
        #expect(buffer.lag == 0)
    }

    @Test func aRestoredFeedIsNotBehindWhatWasHeardOfBefore() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 90))
        _ = buffer.answered(page(91, last: 200), after: 90, at: .zero)
        buffer.restart(at: ProjectionProgress(position: 50))
        _ = buffer.answered(page(last: 50), after: 50, at: .zero)
        #expect(buffer.lag <= 41, "91 waits")
    }

    @Test func largeEventsAreReadAheadOfByTheirBytes() {
        var limits = ReorderBuffer.Limits()
        limits.aheadBytes = 100_000
        var buffer = ReorderBuffer(limits: limits)
        buffer.restart(at: ProjectionProgress())
        let large = (1...2 as ClosedRange<Int64>).map { position in
            var event = event(position)
            event.data = ["attributes": ["text": .string(String(repeating: "x", count: 60_000))]]
            return event
        }
        _ = buffer.answered(FeedPage(large, last: 1000), after: 0, at: .zero)
        #expect(buffer.question(at: .zero) == nil, "120,000 bytes wait")
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(buffer.question(at: .zero) == 2)
    }

    @Test func whatLiesTooFarAheadIsNotKept() {
        var limits = ReorderBuffer.Limits()
        limits.window = 10
        var buffer = ReorderBuffer(limits: limits)
        #expect(buffer.take(message(11)) == .beyond)
        #expect(buffer.take(message(10)) == .kept)
        #expect(buffer.lag == 11, "it is known of all the same")
    }

    @Test func aFullBufferTakesWhatComesNext() {
        var limits = ReorderBuffer.Limits()
        limits.bytes = 1000
        var buffer = ReorderBuffer(limits: limits)
        #expect(buffer.take(message(3, bytes: 1000)) == .kept)
        #expect(buffer.take(message(2, bytes: 1000)) == .beyond)
        #expect(buffer.take(message(1, bytes: 1000)) == .kept)
    }

    @Test func offsetsFollowWhatIsAppliedAndWhatIsRepeated() {
        var buffer = ReorderBuffer()
        let run = [message(1, offset: 7), message(2, offset: 9)]
        #expect(buffer.progress(after: run, lastId: "a-2").offsets == [Self.partition: 9])
        for event in run { _ = buffer.take(event) }
        buffer.applied(run)
        #expect(buffer.offsets == [Self.partition: 9])
        _ = buffer.take(message(1, offset: 12))
        #expect(buffer.offsets == [Self.partition: 12])
    }

    @Test func aStandbyKeepsWhatTheHolderHasNotApplied() {
        var buffer = ReorderBuffer()
        for position in 1...10 as ClosedRange<Int64> { _ = buffer.take(message(position)) }
        buffer.follow(ProjectionProgress(position: 6))
        #expect(buffer.count == 4)
        buffer.restart(at: ProjectionProgress(position: 7))
        #expect(applies(buffer.step(at: .zero)) == [8, 9, 10])
    }

    @Test func aNewHolderGoesBackToWhatIsStored() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 20))
        _ = buffer.take(message(21))
        buffer.restart(at: ProjectionProgress(position: 18))
        #expect(asks(buffer.step(at: .zero)) == 18, "at once: what was published before may never come by the topic")
        #expect(buffer.answered(page(19, 20), after: 18, at: .zero) == 0)
        #expect(applies(buffer.step(at: .zero)) == [19, 20], "21 may be of a time that never was")
    }

    @Test func whatWaitsForATargetThatWasRestoredIsForgotten() {
        for isHolder in [true, false] {
            var buffer = ReorderBuffer(ProjectionProgress(position: 20))
            for position in [21, 30] as [Int64] { _ = buffer.take(message(position, offset: position)) }
            guard case .apply(let run) = buffer.step(at: .zero) else {
                Issue.record("nothing to apply")
                return
            }
            buffer.applied(run)
            #expect(buffer.heard == [Self.partition: 21])
            let restored = ProjectionProgress(position: 18, offsets: [Self.partition: 17])
            if isHolder { buffer.restart(at: restored) } else { buffer.follow(restored) }
            #expect(buffer.count == 0 && buffer.lag == 0 && buffer.position == 18)
            #expect(buffer.heard.isEmpty, "reading begins at the end of the topic")
            #expect(buffer.readsFeed == isHolder, "only the holder asks the feed")
        }
    }

    @Test func whatWaitsWhenServersWereAwayIsTakenFromTheFeed() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 20))
        for position in [21, 22] as [Int64] { _ = buffer.take(message(position)) }
        buffer.restart(at: ProjectionProgress(position: 20), anew: true)
        #expect(asks(buffer.step(at: .zero)) == 20)
        _ = buffer.answered(page(21), after: 20, at: .zero)
        #expect(applies(buffer.step(at: .zero)) == [21])
    }

    @Test func whatLiesBeyondTheFeedsEndNeverHappened() {
        var buffer = ReorderBuffer()
        for position in [1, 2, 3, 5] as [Int64] { _ = buffer.take(message(position)) }
        buffer.discard(beyond: 2)
        #expect(applies(buffer.step(at: .zero)) == [1, 2])
        #expect(buffer.lag == 2)
        #expect(buffer.take(message(3)) == .kept, "another one has its position")
    }

    @Test func whatIsPassedOverIsNotStored() {
        var buffer = ReorderBuffer(ProjectionProgress(position: 90))
        #expect(buffer.answered(page(last: 100), after: 90, at: .zero) == 10)
        #expect(buffer.position == 100 && buffer.stored == 90)
        _ = buffer.take(message(101))
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(buffer.stored == 101)
    }

    @Test func farBehindTheNextPageIsAskedForWhileOneIsApplied() {
        var limits = ReorderBuffer.Limits()
        (limits.page, limits.batch, limits.ahead) = (2, 2, 2)
        var buffer = ReorderBuffer(limits: limits)
        buffer.restart(at: ProjectionProgress())
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        // Known to the feed to be there, though not to the topic.
        _ = buffer.take(message(9))
        #expect(buffer.question(at: .zero) == 2)
        _ = buffer.answered(page(3, 4), after: 2, at: .zero)
        #expect(buffer.question(at: .zero) == nil, "enough waits")
        buffer.applied(run)
        #expect(buffer.question(at: .zero) == 4)
        #expect(applies(buffer.step(at: .zero)) == [3, 4])
        _ = buffer.answered(page(5), after: 4, at: .zero)
        #expect(!buffer.readsFeed)
    }

    @Test func whatTheTopicBroughtIsNotAskedForFarBehindEither() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(limits: limits)
        for position in [3, 4, 7] as [Int64] { _ = buffer.take(message(position)) }
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        #expect(buffer.question(at: .zero) == 4)
    }

    @Test func aHoleAheadIsPassedOverInItsTurn() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(limits: limits)
        buffer.restart(at: ProjectionProgress())
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        _ = buffer.take(message(100))
        #expect(buffer.question(at: .zero) == 2)
        #expect(buffer.answered(page(11, 12), after: 2, at: .zero) == 0, "1 and 2 are not applied yet")
        #expect(buffer.question(at: .zero) == nil, "nor is it asked about again before they are")
        guard case .apply(let run) = buffer.step(at: .zero) else {
            Issue.record("nothing to apply")
            return
        }
        buffer.applied(run)
        #expect(asks(buffer.step(at: .seconds(1))) == nil)
        #expect(asks(buffer.step(at: .seconds(2))) == 2)
        #expect(buffer.answered(page(11, 12), after: 2, at: .seconds(2)) == 8)
        #expect(applies(buffer.step(at: .seconds(2))) == [11, 12])
    }

    @Test func anAnswerToWhatWasAskedBeforeAStepBackPassesNothingOver() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(ProjectionProgress(position: 20), limits: limits)
        buffer.restart(at: ProjectionProgress(position: 10))
        #expect(buffer.answered(page(21, 22), after: 20, at: .zero) == 0)
        #expect(buffer.position == 10)
        #expect(asks(buffer.step(at: .seconds(1))) == 10)
    }

    @Test func anEventThatCannotBeReadIsAskedForFarBehindToo() {
        var limits = ReorderBuffer.Limits()
        limits.page = 2
        var buffer = ReorderBuffer(limits: limits)
        for position in [3, 9] as [Int64] { _ = buffer.take(message(position)) }
        _ = buffer.answered(page(1, 2), after: 0, at: .zero)
        buffer.discard(3)
        #expect(buffer.question(at: .zero) == 2)
    }

    /// Whatever is lost, repeated or turned round on the way, answered late or applied in vain: every position is applied
    /// once, in order.
    @Test(arguments: UInt64(1)...200) func everyPositionIsAppliedOnceInOrder(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let last = Int64.random(in: 1...400, using: &random)
        var arriving = (1...last).filter { _ in Int.random(in: 0..<10, using: &random) > 0 }
        arriving += arriving.filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
        arriving.shuffle(using: &random)
        var limits = ReorderBuffer.Limits()
        limits.window = Int64.random(in: 1...300, using: &random)
        limits.batch = Int.random(in: 1...50, using: &random)
        limits.page = Int.random(in: 1...50, using: &random)
        limits.ahead = Int64.random(in: 0...100, using: &random)
        var buffer = ReorderBuffer(limits: limits)
        var applied: [Int64] = []
        var asked: Int64?
        var now = Duration.zero
        while applied.count < last, now < .seconds(10_000) {
            now += .milliseconds(400)
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                if let position = arriving.popLast() { _ = buffer.take(message(position)) }
            }
            if let position = asked, Bool.random(using: &random) {
                let end = min(last + 1, position + 1 + Int64(limits.page))
                let size = Int.random(in: 1...limits.page, using: &random)
                let page = (position + 1..<max(position + 1, end)).map(event).prefix(size)
                #expect(buffer.answered(FeedPage(Array(page), last: last), after: position, at: now) == 0)
                asked = nil
            }
            if asked == nil, Bool.random(using: &random) { asked = buffer.question(at: now) }
            guard case .apply(let run) = buffer.step(at: now) else { continue }
            if Int.random(in: 0..<8, using: &random) == 0 {
                // A commit that failed, or whose answer was lost: what is stored counts.
                applied.removeLast(Int.random(in: 0...min(applied.count, run.count), using: &random))
                buffer.restart(at: ProjectionProgress(position: Int64(applied.count)))
            } else {
                applied += run.map(\.position)
                buffer.applied(run)
            }
        }
        #expect(applied == Array(1...last))
        #expect(buffer.lag == 0)
    }
}

/// Random numbers that a seed repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
