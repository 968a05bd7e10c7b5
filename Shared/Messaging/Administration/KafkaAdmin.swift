import CRdKafka
import Logging
import Threads

/// Creates, describes and deletes topics. Each call connects for itself; none is meant for a hot path.
public struct KafkaAdmin: Sendable {
    let connection: KafkaConfiguration
    private let logger: Logger

    /// Creates an administrator; it connects with each call.
    public init(connection: KafkaConfiguration, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    /// Creates the topics that are not there and waits until the brokers show them all with a leader. Topics that
    /// exist stay as they are, even with another number of partitions (keys would change their places).
    /// - Throws: `unreachable`, `topicRefused`, `timedOut`.
    public func ensureTopics(
        _ specifications: [TopicSpecification], within timeout: Duration = .seconds(15)
    ) async throws(MessagingError) {
        guard !specifications.isEmpty else { return }
        let logger = logger
        try await withClient { client throws(MessagingError) in
            let deadline = Monotonic.now() + timeout.nanoseconds
            let answers = try Self.create(specifications, client, deadline)
            for (name, answer) in answers {
                if case .refused(let cause) = answer {
                    throw MessagingError(
                        .topicRefused, "Topic \(name) could not be created. Create it by hand, or grant CREATE.",
                        cause: cause)
                }
                if answer == .created { logger.info("Kafka topic created", metadata: ["topic": .string(name)]) }
            }
            try Self.awaitTopics(Set(specifications.map(\.name)), client, deadline)
        }
    }

    /// The cluster's topics, by name.
    /// - Throws: `unreachable`.
    public func topics(
        within timeout: Duration = .seconds(10)
    ) async throws(MessagingError) -> [String: TopicDescription] {
        try await withClient { client throws(MessagingError) in
            try Self.describe(client, Monotonic.now() + timeout.nanoseconds)
        }
    }

    /// The offsets of the oldest message of a partition and of the message that will come next.
    /// - Throws: `unreachable`, `unknownTopic`.
    public func watermarks(
        of partition: TopicPartition, within timeout: Duration = .seconds(10)
    ) async throws(MessagingError) -> (low: Int64, high: Int64) {
        try await withClient { client throws(MessagingError) in
            var low: Int64 = 0
            var high: Int64 = 0
            let code = rd_kafka_query_watermark_offsets(
                client.handle, partition.topic, partition.partition, &low, &high,
                Int32(clamping: timeout.nanoseconds / 1_000_000))
            try Self.check(code, about: partition.topic)
            return (low, high)
        }
    }

    /// The offsets of the messages that will come next, of partitions of topics that may not be there yet: those are
    /// left out.
    /// - Throws: `unreachable`.
    public func ends(
        of partitions: [TopicPartition], within timeout: Duration = .seconds(10)
    ) async throws(MessagingError) -> [TopicPartition: Int64] {
        try await withClient { client throws(MessagingError) in
            let deadline = Monotonic.now() + timeout.nanoseconds
            var ends: [TopicPartition: Int64] = [:]
            for partition in partitions {
                var low: Int64 = 0
                var high: Int64 = 0
                let code = rd_kafka_query_watermark_offsets(
                    client.handle, partition.topic, partition.partition, &low, &high,
                    Monotonic.milliseconds(until: deadline, from: Monotonic.now(), limit: 10_000))
                if code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
                    || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                {
                    continue
                }
                try Self.check(code, about: partition.topic)
                ends[partition] = high
            }
            return ends
        }
    }

    /// Deletes topics; those that are not there count as deleted.
    /// - Throws: `unreachable`, `refused`.
    public func deleteTopics(_ names: [String], within timeout: Duration = .seconds(15)) async throws(MessagingError) {
        guard !names.isEmpty else { return }
        try await withClient { client throws(MessagingError) in
            var topics = names.map { rd_kafka_DeleteTopic_new($0) }
            defer { for topic in topics { rd_kafka_DeleteTopic_destroy(topic) } }
            rd_kafka_DeleteTopics(client.handle, &topics, topics.count, nil, client.queue)
            let deadline = Monotonic.now() + timeout.nanoseconds
            let event = try Self.await(RD_KAFKA_EVENT_DELETETOPICS_RESULT, client, deadline)
            var count = 0
            let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.pointer), &count)
            for index in 0..<count {
                let code = rd_kafka_topic_result_error(results?[index])
                guard code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART else { continue }
                try Self.check(
                    code, about: rd_kafka_topic_result_name(results?[index]).map { String(cString: $0) } ?? "")
            }
        }
    }

    func withClient<Value: Sendable>(
        _ body: @escaping @Sendable (RdKafkaClient) throws(MessagingError) -> Value
    ) async throws(MessagingError) -> Value {
        let settings = ClientSettings(connection, defaults: [:], overrides: [:], fixed: [:])
        let logger = logger
        return try await OwnedThread.run { () throws(MessagingError) -> Value in
            let client = try RdKafkaClient(.producer, settings)
            defer { client.destroy(logger) }
            return try body(client)
        }
    }
}

/// What the brokers say of a topic.
public struct TopicDescription: Sendable, Hashable {
    /// How many partitions it has.
    public var partitions: Int
    /// How many of them have a leader and can be used.
    public var available: Int

    /// Creates a description.
    public init(partitions: Int, available: Int) {
        self.partitions = partitions
        self.available = available
    }
}
