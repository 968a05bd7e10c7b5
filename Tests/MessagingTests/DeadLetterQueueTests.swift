import Messaging
import Testing

@Suite("Dead letters")
struct DeadLetterQueueTests {
    private let message = IncomingMessage(
        topic: "commands", partition: 3, offset: 41, timestamp: 77, key: bytes("k"), value: [0xFF, 0x00, 0x7B],
        headers: [("traceparent", "00-1"), (DeadLetterQueue.Header.code, "old")])

    @Test("A letter holds the original bytes and says why and from where")
    func letter() {
        let letter = DeadLetterQueue.letter(message, code: "not-json", reason: "Not JSON at byte 0.")
        #expect(letter.topic == "commands.dead")
        #expect(letter.key == message.key && letter.value == message.value)
        #expect(
            letter.headers.map { "\($0.name)=\($0.value)" } == [
                "traceparent=00-1", "millrace-dead-code=not-json", "millrace-dead-reason=Not JSON at byte 0.",
                "millrace-dead-topic=commands", "millrace-dead-partition=3", "millrace-dead-offset=41",
                "millrace-dead-timestamp=77",
            ])
    }

    @Test("The original can be had back from a letter")
    func original() throws {
        let letter = DeadLetterQueue.letter(message, code: "c", reason: "r")
        let read = IncomingMessage(
            topic: letter.topic, partition: 0, offset: 0, key: letter.key, value: letter.value,
            headers: letter.headers)
        let original = try #require(DeadLetterQueue.original(of: read))
        #expect(original.topic == "commands")
        #expect(original.value == message.value)
        #expect(original.headers.map(\.name) == ["traceparent"])
        #expect(DeadLetterQueue.original(of: message) == nil)
    }

    @Test(
        "Poison in the middle of a batch is put aside and the others go through",
        .enabled(if: TestEnvironment.hasBroker))
    func poison() async throws {
        let topic = TestEnvironment.name("poison")
        let specifications = [topic, DeadLetterQueue.topic(for: topic)].map {
            TopicSpecification(name: $0, partitions: 1)
        }
        let connection = TestEnvironment.connection
        let good = Journal<String>()
        let dead = Journal<IncomingMessage>()
        try await withProducer(.init(connection: connection, topics: specifications)) { producer in
            let letters = DeadLetterQueue(producer: producer)
            try await producer.send(
                (0..<20).map { OutgoingMessage(topic: topic, key: nil, value: bytes($0 == 7 ? "poison" : "\($0)")) })
            let consumer = KafkaConsumer(
                configuration: .init(connection: connection, group: topic, topics: [specifications[0]]),
                logger: TestEnvironment.logger)
            try await running(
                consumer,
                handler: { batch in
                    for message in batch.messages where text(message) == "poison" {
                        try await letters.put(message, code: "poison", reason: "Cannot be handled.")
                    }
                    good.add(batch.messages.map(text).filter { $0 != "poison" })
                }
            ) {
                #expect(await good.wait { $0.count == 19 })
            }
            let reader = KafkaReader(
                configuration: .init(
                    connection: connection,
                    start: [TopicPartition(topic: specifications[1].name, partition: 0): .beginning]),
                logger: TestEnvironment.logger)
            async let run: Void = reader.run { dead.add($0.messages) }
            #expect(await dead.wait { !$0.isEmpty })
            await reader.close()
            try await run
        }
        #expect(dead.entries.map(text) == ["poison"])
        #expect(dead.entries.first?.header(DeadLetterQueue.Header.offset) == "7")
    }
}
