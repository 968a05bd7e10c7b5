/// Where reading starts when there is no offset to start from.
public enum StartingPoint: String, Sendable, Hashable, CaseIterable {
    /// With the oldest message that the log still has.
    case earliest
    /// With what comes after now.
    case latest
}

/// A group consumer's settings.
public struct ConsumerConfiguration: Sendable {
    /// How to reach the brokers.
    public var connection: KafkaConfiguration
    /// The consumer group; its members share the topics' partitions.
    public var group: String
    /// What to consume, and what a topic should look like when it has to be created.
    public var topics: [TopicSpecification]
    /// Where to start without a committed offset, also after a broker forgot it.
    public var startsAt: StartingPoint
    /// How long the broker waits for a silent member before it gives its partitions to others.
    public var sessionTimeout: Duration
    /// How long a handler may go on with its batch when partitions are taken back or the consumer is closed. After
    /// that the partitions are given up without a commit and their next owner repeats the batch.
    public var finishWithin: Duration
    /// The first pause before a failed batch is tried again; doubled each time up to `retryAtMost`.
    public var retryAfter: Duration
    /// The longest pause before a failed batch is tried again.
    public var retryAtMost: Duration
    /// Handled offsets are committed at most this often (and always before partitions are given up).
    public var commitInterval: Duration
    /// The most bytes of messages in one batch, however few they are; a message that is larger comes alone. As much again
    /// waits for the next batch, up to twice as much while the handler is slow.
    public var maximumBatchBytes: Int
    /// librdkafka settings for this consumer only.
    public var properties: [String: String]
    /// Receives measurements.
    public var measure: MeasurementSink?

    /// Creates settings.
    public init(
        connection: KafkaConfiguration, group: String, topics: [TopicSpecification],
        startsAt: StartingPoint = .earliest, sessionTimeout: Duration = .seconds(6),
        finishWithin: Duration = .seconds(5), retryAfter: Duration = .milliseconds(100),
        retryAtMost: Duration = .seconds(5), commitInterval: Duration = .milliseconds(50),
        maximumBatchBytes: Int = ConsumerConfiguration.usualBatchBytes, properties: [String: String] = [:],
        measure: MeasurementSink? = nil
    ) {
        self.connection = connection
        self.group = group
        self.topics = topics
        self.startsAt = startsAt
        self.sessionTimeout = sessionTimeout
        self.finishWithin = finishWithin
        self.retryAfter = retryAfter
        self.retryAtMost = retryAtMost
        self.commitInterval = commitInterval
        self.maximumBatchBytes = maximumBatchBytes
        self.properties = properties
        self.measure = measure
    }

    /// 8 MiB: a thousand messages of usual size, and little memory for each member of a group.
    public static let usualBatchBytes = 8 << 20

    /// Long enough to finish the batch in hand and to join again.
    private var rebalanceTimeout: Duration { max(sessionTimeout, finishWithin) + .seconds(2) }

    /// Eager `range` assignment, and offsets only by our own commits. The fetch queue is small: what waits in it is
    /// memory, and a broker is quickly asked again.
    var settings: ClientSettings {
        ClientSettings(
            connection,
            defaults: [
                "session.timeout.ms": sessionTimeout.millisecondsText,
                "heartbeat.interval.ms": "500",
                // The owned thread always polls; this is also how long a rebalance waits for a member that is gone.
                "max.poll.interval.ms": rebalanceTimeout.millisecondsText,
                "topic.metadata.refresh.interval.ms": "2000",
            ].merging(Self.fetching) { $1 },
            overrides: properties,
            fixed: [
                "group.id": group,
                "enable.auto.commit": "false",
                "enable.auto.offset.store": "false",
                "partition.assignment.strategy": "range",
                "auto.offset.reset": startsAt.rawValue,
            ])
    }

    static let fetching = [
        "fetch.wait.max.ms": "5",
        "fetch.error.backoff.ms": "100",
        // The local stack's broker answers with all it has, whatever it is asked for; a refused answer would be asked
        // for again for ever.
        "receive.message.max.bytes": "1000000000",
        "queued.min.messages": "10000",
        "queued.max.messages.kbytes": "16384",
    ]
}
