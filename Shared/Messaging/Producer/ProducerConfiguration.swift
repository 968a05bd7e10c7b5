/// A producer's settings.
public struct ProducerConfiguration: Sendable {
    /// How to reach the brokers.
    public var connection: KafkaConfiguration
    /// What topics should look like when they have to be created; others are created by the connection's defaults.
    public var topics: [TopicSpecification]
    /// How long a `send` may take before it throws `timedOut`. The broker may be away for that long unnoticed.
    public var deliveryTimeout: Duration
    /// How long a message may wait for others to share its request.
    public var linger: Duration
    /// How long nothing may be confirmed, with messages under way, before the client library's producer is replaced.
    public var stallTimeout: Duration
    /// librdkafka settings for this producer only, for example `["compression.type": "lz4"]`.
    public var properties: [String: String]
    /// Receives measurements.
    public var measure: MeasurementSink?

    /// Creates settings.
    public init(
        connection: KafkaConfiguration, topics: [TopicSpecification] = [], deliveryTimeout: Duration = .seconds(30),
        linger: Duration = .milliseconds(1), stallTimeout: Duration = .seconds(5), properties: [String: String] = [:],
        measure: MeasurementSink? = nil
    ) {
        self.connection = connection
        self.topics = topics
        self.deliveryTimeout = deliveryTimeout
        self.linger = linger
        self.stallTimeout = stallTimeout
        self.properties = properties
        self.measure = measure
    }

    /// Confirmed by all in-sync replicas and idempotent. The library itself never gives a message up: our own deadline
    /// does, for everything that is under way at once, so that no message overtakes another that is sent again.
    var settings: ClientSettings {
        ClientSettings(
            connection,
            defaults: [
                "linger.ms": linger.millisecondsText,
                "partitioner": "murmur2_random",
                "queue.buffering.max.messages": "50000",
                "queue.buffering.max.kbytes": "32768",
                "batch.num.messages": "10000",
                "retry.backoff.ms": "50",
                // Before compression; what is too large is for the broker to say.
                "message.max.bytes": "67108864",
            ],
            overrides: properties,
            fixed: [
                "acks": "all", "enable.idempotence": "true", "message.timeout.ms": "0",
            ])
    }
}
