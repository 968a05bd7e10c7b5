/// How to reach the brokers: shared by producers, consumers, readers and administration.
public struct KafkaConfiguration: Sendable {
    /// Comma-separated `host:port` of some brokers.
    public var bootstrapServers: String
    /// The name that this client shows to the broker.
    public var clientIdentifier: String
    /// Settings of librdkafka for all clients, above all `security.protocol` and `sasl.*`; they go before our defaults.
    public var properties: [String: String]
    /// Whether topics that are not there are created, also again after a broker forgot them. Off where an operator
    /// creates topics.
    public var createsTopics: Bool
    /// Partitions and replication of topics that nobody specified.
    public var topicDefaults: TopicSpecification

    /// Creates a configuration.
    public init(
        bootstrapServers: String, clientIdentifier: String = "millrace", properties: [String: String] = [:],
        createsTopics: Bool = true, topicDefaults: TopicSpecification = TopicSpecification(name: "")
    ) {
        self.bootstrapServers = bootstrapServers
        self.clientIdentifier = clientIdentifier
        self.properties = properties
        self.createsTopics = createsTopics
        self.topicDefaults = topicDefaults
    }

    /// The specification for a topic that nobody specified.
    func defaultSpecification(_ name: String) -> TopicSpecification {
        var specification = topicDefaults
        specification.name = name
        return specification
    }
}

/// What a topic should be when it has to be created.
public struct TopicSpecification: Sendable, Hashable {
    /// The topic's full name, prefix included.
    public var name: String
    /// How many partitions; more spread the work over more consumers.
    public var partitions: Int32
    /// How many brokers keep a copy; -1 leaves it to the broker.
    public var replication: Int32
    /// The topic's own settings, for example `["retention.ms": "604800000"]`.
    public var configuration: [String: String]

    /// Creates a specification.
    public init(name: String, partitions: Int32 = 12, replication: Int32 = -1, configuration: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.configuration = configuration
    }
}
