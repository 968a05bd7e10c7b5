import Logging

/// Where a reader starts in a partition.
public enum ReadingStart: Sendable, Hashable {
    /// With the oldest message.
    case beginning
    /// With what comes after now.
    case end
    /// With the message at this offset. A projection starts at the last message that it stored and compares it.
    case offset(Int64)

    var value: Int64 {
        switch self {
        case .beginning: -2
        case .end: -1
        case .offset(let offset): offset
        }
    }
}

/// A reader's settings.
public struct ReaderConfiguration: Sendable {
    /// How to reach the brokers.
    public var connection: KafkaConfiguration
    /// Partitions and where to start in each.
    public var start: [TopicPartition: ReadingStart]
    /// What the topics should look like when they have to be created.
    public var topics: [TopicSpecification]
    /// When the log no longer holds what should come next: begin with its oldest message (true), or end `run` with
    /// `offsetOutOfRange` or `logReplaced` (false).
    public var startsOver: Bool
    /// How long `close` waits for the handler.
    public var finishWithin: Duration
    /// The most bytes in one batch, as of a consumer.
    public var maximumBatchBytes: Int
    /// librdkafka settings for this reader only.
    public var properties: [String: String]
    /// Receives measurements.
    public var measure: MeasurementSink?

    /// Creates settings.
    public init(
        connection: KafkaConfiguration, start: [TopicPartition: ReadingStart], topics: [TopicSpecification] = [],
        startsOver: Bool = false, finishWithin: Duration = .seconds(5),
        maximumBatchBytes: Int = ConsumerConfiguration.usualBatchBytes, properties: [String: String] = [:],
        measure: MeasurementSink? = nil
    ) {
        self.connection = connection
        self.start = start
        self.topics = topics
        self.startsOver = startsOver
        self.finishWithin = finishWithin
        self.maximumBatchBytes = maximumBatchBytes
        self.properties = properties
        self.measure = measure
    }

    /// The group's name satisfies the library, which wants one; nothing is ever committed under it.
    var settings: ClientSettings {
        ClientSettings(
            connection, defaults: ConsumerConfiguration.fetching, overrides: properties,
            fixed: [
                "group.id": "\(connection.clientIdentifier)-reader",
                "enable.auto.commit": "false",
                "enable.auto.offset.store": "false",
                "auto.offset.reset": startsOver ? "earliest" : "error",
            ])
    }
}

/// Reads given partitions from given offsets, without a group and without committing: for projections, which keep
/// their offset in the same transaction as the rows that the messages changed.
///
/// The handler works as a consumer's: one call at a time, the same batch again when it throws.
public final class KafkaReader: Sendable {
    private let configuration: ReaderConfiguration
    private let logger: Logger
    private let mailbox = ConsumerMailbox()

    /// Creates a reader; it connects when it runs.
    public init(configuration: ReaderConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Reads until `close` is called or the task is cancelled.
    /// - Throws: `offsetOutOfRange` or `logReplaced` unless the configuration says to start over; `configuration`,
    ///   `alreadyRunning`, `refused`.
    public func run(
        maximumBatch: Int = 1000, handler: @Sendable (MessageBatch) async throws -> Void
    ) async throws(MessagingError) {
        let plan = ConsumerLoop.Plan(
            role: .reader(start: configuration.start.mapValues(\.value), startsOver: configuration.startsOver),
            settings: configuration.settings, connection: configuration.connection, topics: configuration.topics,
            maximumBatch: BatchLimit(messages: max(1, maximumBatch), bytes: configuration.maximumBatchBytes),
            finishWithin: configuration.finishWithin.nanoseconds,
            retryAfter: 100_000_000, retryAtMost: 5_000_000_000, commitInterval: 0, measure: configuration.measure,
            logger: logger)
        try await mailbox.serve(plan, handler)
    }

    /// Lets the handler finish within `finishWithin` and ends `run`.
    public func close() async {
        await mailbox.close()
    }
}
