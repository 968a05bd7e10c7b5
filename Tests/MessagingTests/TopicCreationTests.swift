import Messaging
import Testing

@Suite("Creation of the producer's topics", .enabled(if: TestEnvironment.hasBroker))
struct TopicCreationTests {
    @Test("A topic that cannot be specified so leaves the others alone: they are created as specified")
    func oneImpossible() async throws {
        let good = TestEnvironment.name("possible")
        let impossible = TopicSpecification(name: TestEnvironment.name("impossible"), replication: 1_000_000)
        let configuration = ProducerConfiguration(
            connection: TestEnvironment.connection, topics: [.init(name: good, partitions: 3), impossible],
            deliveryTimeout: .seconds(15))
        let admin = KafkaAdmin(connection: TestEnvironment.connection, logger: TestEnvironment.logger)
        try await withProducer(configuration) { producer in
            try await producer.send(OutgoingMessage(topic: good, key: nil, value: bytes("x")))
        }
        #expect(try await admin.topics()[good]?.partitions == 3)
        try await admin.deleteTopics([good])
    }
}
