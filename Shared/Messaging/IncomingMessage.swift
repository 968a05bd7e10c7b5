/// A message as it was read.
public struct IncomingMessage: Sendable {
    /// The topic's full name.
    public var topic: String
    /// The partition it stands in.
    public var partition: Int32
    /// Its place in the partition.
    public var offset: Int64
    /// Milliseconds since 1970 UTC, as the producer (or the broker, if the topic says so) stamped it; 0 if unknown.
    public var timestamp: Int64
    /// The key's bytes, if it has one.
    public var key: [UInt8]?
    /// The payload; empty for a tombstone.
    public var value: [UInt8]
    /// Header names and values, in order. Bytes that are not UTF-8 are replaced.
    public var headers: [(name: String, value: String)]

    /// Creates a message (tests and replays do).
    public init(
        topic: String, partition: Int32, offset: Int64, timestamp: Int64 = 0, key: [UInt8]? = nil, value: [UInt8],
        headers: [(name: String, value: String)] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// The first header of that name.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// Bytes of key, value and headers.
    package var size: Int {
        headers.reduce(value.count + (key?.count ?? 0)) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }

    /// The partition it stands in, with its topic.
    public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}

/// A partition of a topic.
public struct TopicPartition: Sendable, Hashable, CustomStringConvertible {
    /// The topic's full name.
    public var topic: String
    /// The partition, counted from 0.
    public var partition: Int32

    /// Creates the name of a partition.
    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[partition]`.
    public var description: String { "\(topic)[\(partition)]" }
}

/// What a handler gets: messages of any of the consumer's partitions, each partition's in the order of its log.
public struct MessageBatch: Sendable {
    /// The messages, never none.
    public var messages: [IncomingMessage]
    /// 1 when they are handed over for the first time, one more after each failure of the handler.
    public var attempt: Int

    /// Creates a batch (tests do).
    public init(messages: [IncomingMessage], attempt: Int = 1) {
        self.messages = messages
        self.attempt = attempt
    }
}
