import CRdKafka
import Messaging

/// The client library's own cluster in memory: an orderly group coordinator, and faults of the protocol on demand.
final class MockCluster: @unchecked Sendable {
    // The library locks the mock cluster itself; both pointers stay as they are until `close`.
    private let owner: OpaquePointer
    private let cluster: OpaquePointer
    let servers: String

    init(brokers: Int32 = 1) throws {
        let configuration = rd_kafka_conf_new()
        rd_kafka_conf_set(configuration, "log_level", "3", nil, 0)
        guard let owner = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, nil, 0),
            let cluster = rd_kafka_mock_cluster_new(owner, brokers),
            let servers = rd_kafka_mock_cluster_bootstraps(cluster)
        else { throw MessagingError(.unreachable, "no mock cluster") }
        self.owner = owner
        self.cluster = cluster
        self.servers = String(cString: servers)
    }

    func close() {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(owner)
    }

    func create(_ topic: String, partitions: Int32) {
        rd_kafka_mock_topic_create(cluster, topic, partitions, 1)
    }

    /// The next requests of this kind (Kafka's API key) are answered with these errors.
    func fail(_ apiKey: Int16, with errors: [rd_kafka_resp_err_t]) {
        var errors = errors
        rd_kafka_mock_push_request_errors_array(cluster, apiKey, errors.count, &errors)
    }

    func setDown(broker: Int32) { rd_kafka_mock_broker_set_down(cluster, broker) }
    func setUp(broker: Int32) { rd_kafka_mock_broker_set_up(cluster, broker) }

    static let produce: Int16 = 0
    static let fetch: Int16 = 1
    static let offsetCommit: Int16 = 8

    /// It does not know how to create topics by request.
    var connection: KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: servers, clientIdentifier: "millrace-test",
            properties: ["allow.auto.create.topics": "true"], createsTopics: false)
    }
}

/// Runs a test with a cluster of its own.
func withMockCluster<Value>(_ body: (MockCluster) async throws -> Value) async throws -> Value {
    let cluster = try MockCluster()
    defer { cluster.close() }
    return try await body(cluster)
}
