/// Notices that a partition's log is no longer the one that was read from: a broker that forgot can come back with a
/// new log that has already grown past the offset where reading would go on, and then messages would be skipped
/// without any error. After a failed connection the last message is therefore read again; it must be the same.
package struct LogContinuity {
    /// What to make of a message that has just been read.
    package enum Verdict: Sendable, Hashable {
        /// A message like any other.
        case fresh
        /// The last message once more: the log is the old one.
        case echo
        /// Another log: everything in it is new and has to be read from its beginning.
        case replaced
        /// Reading has already started over, before the last message.
        case startedOver
    }

    private var last: [TopicPartition: IncomingMessage] = [:]
    private var latest: IncomingMessage?
    private var expected: [TopicPartition: IncomingMessage] = [:]

    package init() {}

    package mutating func read(_ message: IncomingMessage) -> Verdict {
        var verdict = Verdict.fresh
        if !expected.isEmpty, let before = expected.removeValue(forKey: message.topicPartition) {
            if message.offset < before.offset {
                verdict = .startedOver
            } else if message.offset == before.offset {
                let isSame =
                    message.timestamp == before.timestamp && message.key == before.key && message.value == before.value
                if isSame { return .echo }
                forget([message.topicPartition])
                return .replaced
            }
        }
        if let latest, latest.partition != message.partition || latest.topic != message.topic {
            last[latest.topicPartition] = latest
        }
        latest = message
        return verdict
    }

    /// A connection failed: where to read again, for each partition that has been read from.
    package mutating func connectionFailed() -> [TopicPartition: Int64] {
        if let latest { last[latest.topicPartition] = latest }
        expected = last
        return last.mapValues(\.offset)
    }

    /// These partitions are no longer read, or from elsewhere.
    package mutating func forget(_ partitions: some Sequence<TopicPartition>) {
        if let latest { last[latest.topicPartition] = latest }
        latest = nil
        for partition in partitions {
            last[partition] = nil
            expected[partition] = nil
        }
    }
}
