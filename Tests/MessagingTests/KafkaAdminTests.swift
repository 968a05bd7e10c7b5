import Messaging
import Testing

@Suite("Topics", .enabled(if: TestEnvironment.hasBroker))
struct KafkaAdminTests {
    private let admin = KafkaAdmin(connection: TestEnvironment.connection, logger: TestEnvironment.logger)

    @Test("Topics are created as specified, once, and can be deleted")
    func lifecycle() async throws {
        let topic = TestEnvironment.name("admin")
        let specification = TopicSpecification(
            name: topic, partitions: 4, configuration: ["retention.ms": "3600000"])
        try await admin.ensureTopics([specification])
        try await admin.ensureTopics([specification])
        #expect(try await admin.topics()[topic] == TopicDescription(partitions: 4, available: 4))
        let empty = try await admin.watermarks(of: TopicPartition(topic: topic, partition: 2))
        #expect(empty == (0, 0))
        try await admin.deleteTopics([topic])
        try await admin.deleteTopics([topic])
        #expect(try await admin.topics()[topic] == nil)
    }

    @Test("What is wrong is said: no broker, no such topic, a topic that cannot be")
    func errors() async throws {
        let nowhere = KafkaAdmin(
            connection: TestEnvironment.connection(to: "127.0.0.1:1"), logger: TestEnvironment.logger)
        let unreachable = await #expect(throws: MessagingError.self) {
            try await nowhere.ensureTopics([.init(name: "t")], within: .seconds(1))
        }
        #expect(unreachable?.code == .unreachable)
        #expect(unreachable?.isRetryable == true)
        let unknown = await #expect(throws: MessagingError.self) {
            try await admin.watermarks(
                of: TopicPartition(topic: TestEnvironment.name("none"), partition: 0), within: .seconds(3))
        }
        #expect(unknown.map { [.unknownTopic, .unreachable].contains($0.code) } == true)
        let refused = await #expect(throws: MessagingError.self) {
            try await admin.ensureTopics([.init(name: "not a topic name!")])
        }
        #expect(refused.map { [.topicRefused, .configuration].contains($0.code) } == true)
    }
}
