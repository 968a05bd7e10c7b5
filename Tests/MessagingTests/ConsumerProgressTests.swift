import Messaging
import Testing

@Suite("What a consumer has in hand")
struct ConsumerProgressTests {
    private let a = TopicPartition(topic: "t", partition: 0)
    private let b = TopicPartition(topic: "t", partition: 1)

    private func message(_ partition: TopicPartition, _ offset: Int64, bytes: Int = 0) -> IncomingMessage {
        IncomingMessage(
            topic: partition.topic, partition: partition.partition, offset: offset,
            value: [UInt8](repeating: 0, count: bytes))
    }

    private func messages(_ count: Int) -> BatchLimit { BatchLimit(messages: count, bytes: 1000) }

    private func filled(_ messages: [(TopicPartition, Int64)]) -> ConsumerProgress {
        var progress = ConsumerProgress()
        progress.assigned([a, b])
        for (partition, offset) in messages { progress.received(message(partition, offset)) }
        return progress
    }

    @Test("One batch at a time, in order, and offsets only after success")
    func oneBatchAtATime() {
        var progress = filled([(a, 0), (a, 1), (b, 7), (a, 2)])
        let batch = progress.take(atMost: messages(3), now: 1)
        #expect(batch?.messages.map(\.offset) == [0, 1, 7])
        #expect(progress.take(atMost: messages(3), now: 2) == nil)
        #expect(progress.commitsDue.isEmpty)
        progress.succeeded()
        #expect(progress.commitsDue == [a: 2, b: 8])
        #expect(progress.take(atMost: messages(3), now: 3)?.messages.map(\.offset) == [2])
    }

    @Test("A batch ends where its bytes are used up; what is larger than that comes alone")
    func weighed() {
        var progress = ConsumerProgress()
        progress.assigned([a])
        for (offset, bytes) in [400, 500, 200, 5000, 900, 50].enumerated() {
            progress.received(message(a, Int64(offset), bytes: bytes))
        }
        var batches: [[Int64]] = []
        while let batch = progress.take(atMost: messages(100), now: 1) {
            batches.append(batch.messages.map(\.offset))
            progress.succeeded()
        }
        #expect(batches == [[0, 1], [2], [3], [4, 5]])
        #expect(progress.commitsDue == [a: 6])
    }

    @Test("Enough waits by number or by bytes, and what is taken or given up does not wait")
    func enough() {
        var progress = ConsumerProgress()
        progress.assigned([a, b])
        #expect(!progress.isWaiting(for: 1, of: messages(3)))
        for offset in 0..<3 { progress.received(message(a, Int64(offset))) }
        #expect(progress.isWaiting(for: 1, of: messages(3)))
        #expect(!progress.isWaiting(for: 2, of: messages(3)))
        _ = progress.take(atMost: messages(3), now: 1)
        #expect(!progress.isWaiting(for: 1, of: messages(3)))
        progress.received(message(a, 3, bytes: 1000))
        progress.received(message(b, 0, bytes: 1000))
        #expect(progress.isWaiting(for: 2, of: messages(9)))
        progress.revoked([b])
        #expect(progress.isWaiting(for: 1, of: messages(9)))
        #expect(!progress.isWaiting(for: 2, of: messages(9)))
        progress.succeeded()
        _ = progress.take(atMost: messages(9), now: 2)
        #expect(!progress.isWaiting(for: 1, of: messages(9)))
    }

    @Test("A failed batch comes again when its time has come, before later messages")
    func failed() {
        var progress = filled([(a, 0), (a, 1)])
        _ = progress.take(atMost: messages(1), now: 1)
        progress.failed(retryAt: 100)
        #expect(progress.take(atMost: messages(9), now: 99) == nil)
        let again = progress.take(atMost: messages(9), now: 100)
        #expect(again?.attempt == 2)
        #expect(again?.messages.map(\.offset) == [0])
        #expect(progress.commitsDue.isEmpty)
    }

    @Test("What was revoked is forgotten; a handler that still works on it commits nothing for it")
    func revoked() {
        var progress = filled([(a, 0), (b, 0), (a, 1), (b, 1)])
        _ = progress.take(atMost: messages(2), now: 1)
        #expect(progress.isHandling([b]))
        progress.revoked([b])
        #expect(progress.waiting.map(\.partition) == [0])
        progress.succeeded()
        #expect(progress.commitsDue == [a: 1])
    }

    @Test("Partitions that come back during a handler's work are new: its offsets do not count for them")
    func comeBack() {
        var progress = filled([(a, 5)])
        _ = progress.take(atMost: messages(2), now: 1)
        progress.revoked([a, b])
        progress.assigned([a])
        progress.succeeded()
        #expect(progress.commitsDue.isEmpty)
        progress.received(message(a, 5))
        _ = progress.take(atMost: messages(2), now: 2)
        progress.succeeded()
        #expect(progress.commitsDue == [a: 6])
    }

    @Test("A failed batch loses what was revoked meanwhile")
    func failedThenRevoked() {
        var progress = filled([(a, 0), (b, 0)])
        _ = progress.take(atMost: messages(2), now: 1)
        progress.failed(retryAt: 5)
        #expect(!progress.isHandling([a, b]))
        progress.revoked([a])
        #expect(progress.take(atMost: messages(2), now: 5)?.messages.map(\.partition) == [1])
        progress.failed(retryAt: 9)
        progress.abandonRetry()
        #expect(progress.inHand == nil)
    }

    @Test("A later offset is not forgotten when an earlier one is committed")
    func commitsOverlap() {
        var progress = filled([(a, 0), (a, 1)])
        _ = progress.take(atMost: messages(1), now: 1)
        progress.succeeded()
        let underWay = progress.commitsDue
        _ = progress.take(atMost: messages(1), now: 2)
        progress.succeeded()
        progress.settled(underWay)
        #expect(progress.commitsDue == [a: 2])
        progress.settled(progress.commitsDue)
        #expect(progress.commitsDue.isEmpty)
    }

    @Test("Starting over in a new log forgets what was read from the old one, and commits the lower offset")
    func restarted() {
        var progress = filled([(a, 900), (b, 3), (a, 901)])
        _ = progress.take(atMost: messages(1), now: 1)
        progress.restarted([a])
        #expect(progress.waiting.map(\.offset) == [3])
        progress.succeeded()
        #expect(progress.commitsDue.isEmpty)
        progress.received(message(a, 0))
        _ = progress.take(atMost: messages(9), now: 2)
        progress.succeeded()
        #expect(progress.commitsDue == [a: 1, b: 4])
    }
}

@Suite("Noticing that a log was replaced")
struct LogContinuityTests {
    private func message(_ partition: Int32, _ offset: Int64, _ text: String) -> IncomingMessage {
        IncomingMessage(topic: "t", partition: partition, offset: offset, timestamp: 5, value: bytes(text))
    }
    private func name(_ partition: Int32) -> TopicPartition { TopicPartition(topic: "t", partition: partition) }

    @Test("After a failed connection the last message of each partition is read again and must be the same")
    func echo() {
        var continuity = LogContinuity()
        #expect(continuity.read(message(0, 4, "x")) == .fresh)
        #expect(continuity.read(message(1, 9, "y")) == .fresh)
        #expect(continuity.connectionFailed() == [name(0): 4, name(1): 9])
        #expect(continuity.read(message(0, 4, "x")) == .echo)
        #expect(continuity.read(message(0, 5, "z")) == .fresh)
        #expect(continuity.read(message(1, 9, "other")) == .replaced)
        #expect(continuity.read(message(1, 0, "first")) == .fresh)
        #expect(continuity.connectionFailed() == [name(0): 5, name(1): 0])
    }

    @Test("A lower offset means that reading has started over already; a higher one that the last message expired")
    func otherOffsets() {
        var continuity = LogContinuity()
        _ = continuity.read(message(0, 4, "x"))
        _ = continuity.read(message(1, 4, "x"))
        _ = continuity.connectionFailed()
        #expect(continuity.read(message(0, 0, "new")) == .startedOver)
        #expect(continuity.read(message(0, 1, "new")) == .fresh)
        #expect(continuity.read(message(1, 7, "later")) == .fresh)
    }

    @Test("Partitions that went away are not expected any more")
    func forgotten() {
        var continuity = LogContinuity()
        _ = continuity.read(message(0, 4, "x"))
        continuity.forget([name(0)])
        #expect(continuity.connectionFailed().isEmpty)
        #expect(continuity.read(message(0, 4, "other")) == .fresh)
    }
}
