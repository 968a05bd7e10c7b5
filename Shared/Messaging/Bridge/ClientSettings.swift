/// The settings of one librdkafka client, in three layers: our defaults, what the operator overrides, and what this
/// module relies on and nobody may change.
struct ClientSettings {
    private var values: [String: String]
    private var fixed: [String: String]

    init(
        _ connection: KafkaConfiguration, defaults: [String: String], overrides: [String: String],
        fixed: [String: String]
    ) {
        values = Self.common
        values.merge(defaults) { $1 }
        values.merge(connection.properties) { $1 }
        values.merge(overrides) { $1 }
        self.fixed = fixed
        self.fixed["bootstrap.servers"] = connection.bootstrapServers
        self.fixed["client.id"] = connection.clientIdentifier
        self.fixed["log.queue"] = "true"
    }

    /// Reconnects come quickly and keep coming, and a topic that comes or goes is noticed within seconds.
    private static let common = [
        "reconnect.backoff.ms": "50",
        "reconnect.backoff.max.ms": "1000",
        "topic.metadata.refresh.interval.ms": "5000",
        "topic.metadata.refresh.fast.interval.ms": "100",
        "topic.metadata.propagation.max.ms": "1500",
        "socket.keepalive.enable": "true",
        "socket.nagle.disable": "true",
        "socket.timeout.ms": "10000",
        "broker.address.ttl": "1000",
        "allow.auto.create.topics": "false",
    ]

    /// All settings in the order in which they are to be set.
    func resolved() throws(MessagingError) -> [(key: String, value: String)] {
        for key in values.keys.sorted() where fixed[key] != nil && fixed[key] != values[key] {
            throw MessagingError(
                .configuration, "Kafka setting \(key) is set by Millrace itself. Remove it from the properties.")
        }
        return values.merging(fixed) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
