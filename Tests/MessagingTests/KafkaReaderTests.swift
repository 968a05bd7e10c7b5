import Messaging
import Testing

@Suite("Reading without a group", .enabled(if: TestEnvironment.hasBroker))
struct KafkaReaderTests {
    private let connection = TestEnvironment.connection

    private func publish(_ range: Range<Int>, to topic: String) async throws {
        try await withProducer(.init(connection: connection)) { producer in
            try await producer.send(range.map { OutgoingMessage(topic: topic, key: "k", value: bytes("\($0)")) })
        }
    }

    @Test("A reader starts where it is told, and repeats what its handler failed with")
    func startsAtOffset() async throws {
        struct Refusal: Error {}
        let topic = TestEnvironment.name("reader")
        let partition = TopicPartition(topic: topic, partition: 0)
        try await publish(0..<100, to: topic)
        let journal = Journal<String>()
        let reader = KafkaReader(
            configuration: .init(connection: connection, start: [partition: .offset(90)]),
            logger: TestEnvironment.logger)
        async let run: Void = reader.run { batch in
            if batch.attempt == 1 { throw Refusal() }
            journal.add(batch.messages.map(text))
        }
        #expect(await journal.wait { $0.count == 10 })
        try await publish(100..<105, to: topic)
        #expect(await journal.wait { $0.count == 15 })
        await reader.close()
        try await run
        #expect(journal.entries == (90..<105).map(String.init))
    }

    @Test("An offset that the log does not hold ends the reader with an error, unless it may start over")
    func offsetOutOfRange() async throws {
        let topic = TestEnvironment.name("range")
        let partition = TopicPartition(topic: topic, partition: 0)
        try await publish(0..<10, to: topic)
        let strict = KafkaReader(
            configuration: .init(connection: connection, start: [partition: .offset(500)]),
            logger: TestEnvironment.logger)
        let error = await #expect(throws: MessagingError.self) { try await strict.run { _ in } }
        #expect(error?.code == .offsetOutOfRange)
        await strict.close()
        let journal = Journal<String>()
        let lenient = KafkaReader(
            configuration: .init(connection: connection, start: [partition: .offset(500)], startsOver: true),
            logger: TestEnvironment.logger)
        async let run: Void = lenient.run { journal.add($0.messages.map(text)) }
        #expect(await journal.wait { $0.count == 10 })
        await lenient.close()
        try await run
    }

    @Test("Cancelling the task ends the reader")
    func cancelled() async throws {
        let topic = TestEnvironment.name("cancel")
        try await publish(0..<1, to: topic)
        let journal = Journal<Int>()
        let reader = KafkaReader(
            configuration: .init(
                connection: connection, start: [TopicPartition(topic: topic, partition: 0): .beginning]),
            logger: TestEnvironment.logger)
        let task = Task { try await reader.run { journal.add($0.messages.count) } }
        #expect(await journal.wait { $0 == [1] })
        task.cancel()
        try await task.value
    }
}
