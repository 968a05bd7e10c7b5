/// What a batch holds at most. Messages are counted and weighed: a thousand of a kilobyte are little, of a megabyte much.
package struct BatchLimit: Sendable {
    /// The most messages.
    package var messages: Int
    /// The most bytes of their keys, values and headers; one message that is larger makes a batch of its own.
    package var bytes: Int

    package init(messages: Int, bytes: Int) {
        self.messages = messages
        self.bytes = bytes
    }
}

/// What a consumer has in hand: messages waiting for the handler, the batch that the handler has, and the offsets that
/// are to be committed. A value without clock or I/O; the consumer's thread feeds it and does what it says.
package struct ConsumerProgress {
    /// The batch that the handler has, or had and failed with.
    package struct InHand {
        package var messages: [IncomingMessage]
        package var attempt: Int
        /// The assignment under which the messages came; their offsets count only while it lasts.
        package var assignment: Int
        /// When the handler got it; `nil` while it waits to be tried again.
        package var runningSince: UInt64?
        package var retryAt: UInt64
    }

    package private(set) var waiting: [IncomingMessage] = []
    /// Bytes of what waits.
    private var waitingBytes = 0
    package private(set) var inHand: InHand?
    /// The partitions that are ours, each with the number of the assignment that made it so.
    package private(set) var owned: [TopicPartition: Int] = [:]
    private var assignment = 0
    private var uncommitted: [TopicPartition: Int64] = [:]

    package init() {}

    // MARK: Partitions

    package mutating func assigned(_ partitions: some Sequence<TopicPartition>) {
        assignment += 1
        for partition in partitions { owned[partition] = assignment }
    }

    /// True while the handler has messages of these partitions.
    package func isHandling(_ partitions: [TopicPartition]) -> Bool {
        guard let inHand, inHand.runningSince != nil else { return false }
        let partitions = Set(partitions)
        return inHand.messages.contains { partitions.contains($0.topicPartition) }
    }

    /// The partitions are no longer ours: their messages are forgotten, except those that the handler has right now.
    package mutating func revoked(_ partitions: [TopicPartition]) {
        for partition in partitions {
            owned[partition] = nil
            uncommitted[partition] = nil
        }
        drop(Set(partitions))
    }

    /// Reading of these partitions starts over elsewhere: what was read and not handled yet is forgotten.
    package mutating func restarted(_ partitions: [TopicPartition]) {
        assignment += 1
        for partition in partitions where owned[partition] != nil {
            owned[partition] = assignment
            uncommitted[partition] = nil
        }
        drop(Set(partitions))
    }

    private mutating func drop(_ partitions: Set<TopicPartition>) {
        waiting.removeAll { partitions.contains($0.topicPartition) }
        waitingBytes = waiting.reduce(0) { $0 + $1.size }
        if var batch = inHand, batch.runningSince == nil {
            batch.messages.removeAll { partitions.contains($0.topicPartition) }
            inHand = batch.messages.isEmpty ? nil : batch
        }
    }

    // MARK: Messages

    package mutating func received(_ message: IncomingMessage) {
        waiting.append(message)
        waitingBytes += message.size
    }

    /// Whether what waits is so many batches, or more, by number or by bytes.
    package func isWaiting(for batches: Int, of limit: BatchLimit) -> Bool {
        waiting.count / batches >= limit.messages || waitingBytes / batches >= limit.bytes
    }

    /// The next batch for the handler, if it has none and one is due.
    package mutating func take(atMost limit: BatchLimit, now: UInt64) -> MessageBatch? {
        if var batch = inHand {
            guard batch.runningSince == nil, batch.retryAt <= now else { return nil }
            batch.runningSince = now
            batch.attempt += 1
            inHand = batch
            return MessageBatch(messages: batch.messages, attempt: batch.attempt)
        }
        guard !waiting.isEmpty else { return nil }
        var messages: [IncomingMessage] = []
        if waiting.count <= limit.messages, waitingBytes <= limit.bytes {
            swap(&messages, &waiting)
            waitingBytes = 0
        } else {
            var (count, bytes) = (1, waiting[0].size)
            while count < min(limit.messages, waiting.count), bytes + waiting[count].size <= limit.bytes {
                bytes += waiting[count].size
                count += 1
            }
            messages = Array(waiting[..<count])
            waiting.removeFirst(count)
            waitingBytes -= bytes
        }
        inHand = InHand(messages: messages, attempt: 1, assignment: assignment, runningSince: now, retryAt: 0)
        return MessageBatch(messages: messages)
    }

    /// The handler is done with its batch: its offsets may be committed where the partitions are still ours.
    package mutating func succeeded() {
        guard let batch = inHand else { return }
        inHand = nil
        var index = 0
        while index < batch.messages.count {
            let first = batch.messages[index]
            var next = index + 1
            while next < batch.messages.count, batch.messages[next].partition == first.partition,
                batch.messages[next].topic == first.topic
            {
                next += 1
            }
            let partition = first.topicPartition
            if let since = owned[partition], since <= batch.assignment {
                uncommitted[partition] = batch.messages[next - 1].offset + 1
            }
            index = next
        }
    }

    /// The handler failed: what is still ours of the batch comes again at the given time.
    package mutating func failed(retryAt: UInt64) {
        guard var batch = inHand else { return }
        batch.messages.removeAll { message in
            owned[message.topicPartition].map { $0 > batch.assignment } ?? true
        }
        batch.runningSince = nil
        batch.retryAt = retryAt
        inHand = batch.messages.isEmpty ? nil : batch
    }

    /// Forgets a failed batch that would have been tried again.
    package mutating func abandonRetry() {
        if inHand?.runningSince == nil { inHand = nil }
    }

    // MARK: Offsets

    /// What is to be committed: for each partition the offset of the next message.
    package var commitsDue: [TopicPartition: Int64] { uncommitted }

    /// These offsets are committed (or can no longer be).
    package mutating func settled(_ offsets: [TopicPartition: Int64]) {
        for (partition, offset) in offsets where uncommitted[partition] == offset { uncommitted[partition] = nil }
    }
}
