import Messaging
import Testing

@Suite("Producing and consuming on a real broker", .enabled(if: TestEnvironment.hasBroker))
struct ProduceAndConsumeTests {
    let connection = TestEnvironment.connection

    @Test("Messages arrive whole: key, value, headers, and each partition in order")
    func wholeMessages() async throws {
        let topic = TestEnvironment.name("whole")
        let journal = Journal<IncomingMessage>()
        let specification = TopicSpecification(name: topic, partitions: 3)
        let consumer = KafkaConsumer(
            configuration: .init(connection: connection, group: topic, topics: [specification]),
            logger: TestEnvironment.logger)
        try await withProducer(.init(connection: connection, topics: [specification])) { producer in
            try await producer.send(
                (0..<3000).map { number in
                    OutgoingMessage(
                        topic: topic, key: "key-\(number % 7)", value: bytes("\(number)"),
                        headers: [("traceparent", "00-\(number)"), ("empty", "")])
                })
            try await producer.send(OutgoingMessage(topic: topic, key: nil, value: []))
            try await running(consumer, handler: { journal.add($0.messages) }) {
                #expect(await journal.wait { $0.count >= 3001 })
            }
        }
        let messages = journal.entries
        #expect(messages.count == 3001)
        let keyed = messages.filter { $0.key != nil }
        #expect(Set(keyed.map(text)) == Set((0..<3000).map(String.init)))
        for (_, sameKey) in Dictionary(grouping: keyed, by: { $0.key }) {
            #expect(Set(sameKey.map(\.partition)).count == 1)
            let numbers = sameKey.compactMap { Int(text($0)) }
            #expect(numbers == numbers.sorted())
        }
        let sample = try #require(keyed.first { text($0) == "42" })
        #expect(sample.key == bytes("key-0"))
        #expect(sample.header("traceparent") == "00-42")
        #expect(sample.header("empty") == "")
        #expect(sample.timestamp > 1_600_000_000_000)
        let bare = try #require(messages.first { $0.key == nil })
        #expect(bare.value.isEmpty && bare.headers.isEmpty)
    }

    @Test("What was handled is committed: the next consumer of the group goes on behind it")
    func goesOnBehindTheCommit() async throws {
        let topic = TestEnvironment.name("commit")
        let configuration = ConsumerConfiguration(connection: connection, group: topic, topics: [.init(name: topic)])
        try await withProducer(.init(connection: connection)) { producer in
            for round in 0..<3 {
                try await producer.send(
                    (0..<100).map { OutgoingMessage(topic: topic, key: "k\($0)", value: bytes("\(round)/\($0)")) })
                let journal = Journal<String>()
                let consumer = KafkaConsumer(configuration: configuration, logger: TestEnvironment.logger)
                try await running(consumer, handler: { journal.add($0.messages.map(text)) }) {
                    #expect(await journal.wait { $0.count >= 100 })
                }
                #expect(Set(journal.entries) == Set((0..<100).map { "\(round)/\($0)" }))
                #expect(journal.entries.count == 100)
            }
        }
    }

    @Test("A batch whose handler fails comes again, whole and in order, before anything later")
    func failedBatchComesAgain() async throws {
        struct Refusal: Error {}
        let topic = TestEnvironment.name("again")
        let journal = Journal<(attempt: Int, texts: [String])>()
        let consumer = KafkaConsumer(
            configuration: .init(
                connection: connection, group: topic, topics: [.init(name: topic, partitions: 1)],
                retryAfter: .milliseconds(20)),
            logger: TestEnvironment.logger)
        try await withProducer(.init(connection: connection, topics: [.init(name: topic, partitions: 1)])) { producer in
            try await producer.send((0..<50).map { OutgoingMessage(topic: topic, key: nil, value: bytes("\($0)")) })
            try await running(
                consumer, maximumBatch: 20,
                handler: { batch in
                    journal.add((batch.attempt, batch.messages.map(text)))
                    if batch.messages.contains(where: { text($0) == "25" }), batch.attempt < 4 { throw Refusal() }
                }
            ) {
                #expect(await journal.wait { $0.contains { $0.texts.last == "49" } })
            }
        }
        let failed = journal.entries.filter { $0.texts.contains("25") }
        #expect(failed.map(\.attempt) == [1, 2, 3, 4])
        #expect(Set(failed.map(\.texts)).count == 1)
        let handled = journal.entries.filter { !$0.texts.contains("25") || $0.attempt == 4 }.flatMap(\.texts)
        #expect(handled == (0..<50).map(String.init))
    }

    @Test("A handler slower than the group's patience keeps its partitions, and nothing is read twice or left out")
    func slowHandler() async throws {
        let topic = TestEnvironment.name("slow")
        let journal = Journal<String>()
        let events = Journal<MessagingMeasurement>()
        let specification = TopicSpecification(name: topic, partitions: 2)
        let consumer = KafkaConsumer(
            configuration: .init(
                connection: connection, group: topic, topics: [specification],
                properties: ["max.poll.interval.ms": "6000"],
                measure: { event in
                    switch event {
                    case .assigned, .revoked: events.add(event)
                    default: break
                    }
                }),
            logger: TestEnvironment.logger)
        try await withProducer(.init(connection: connection, topics: [specification])) { producer in
            try await producer.send(
                (0..<500).map { OutgoingMessage(topic: topic, key: "\($0)", value: bytes("\($0)")) })
            try await running(
                consumer, maximumBatch: 100,
                handler: { batch in
                    if journal.entries.isEmpty { try await Task.sleep(for: .seconds(8)) }
                    journal.add(batch.messages.map(text))
                }
            ) {
                #expect(await journal.wait(within: .seconds(30)) { $0.count >= 500 })
                #expect(events.entries == [.assigned(partitions: 2)])
            }
        }
        #expect(journal.entries.count == 500)
        #expect(Set(journal.entries).count == 500)
    }

    @Test("Members that come and go share the work and everything is handled")
    func membersComeAndGo() async throws {
        let topic = TestEnvironment.name("share")
        let specification = TopicSpecification(name: topic, partitions: 6)
        let configuration = ConsumerConfiguration(connection: connection, group: topic, topics: [specification])
        let journal = Journal<(member: Int, text: String)>()
        @Sendable func member(_ number: Int) -> KafkaConsumer {
            KafkaConsumer(configuration: configuration, logger: TestEnvironment.logger)
        }
        @Sendable func handler(_ number: Int) -> @Sendable (MessageBatch) async throws -> Void {
            { batch in
                try await Task.sleep(for: .milliseconds(30))
                journal.add(batch.messages.map { (number, text($0)) })
            }
        }
        try await withProducer(.init(connection: connection, topics: [specification])) { producer in
            @Sendable func publish(_ range: Range<Int>) async throws {
                for number in range {
                    try await producer.send(
                        OutgoingMessage(topic: topic, key: "\(number)", value: bytes("\(number)")))
                }
            }
            try await running(member(1), maximumBatch: 50, handler: handler(1)) {
                try await publish(0..<200)
                #expect(await journal.wait { $0.contains { $0.member == 1 } })
                try await running(member(2), maximumBatch: 50, handler: handler(2)) {
                    async let more: Void = publish(200..<3000)
                    #expect(await journal.wait { $0.contains { $0.member == 2 } })
                    try await more
                }
                try await publish(3000..<3200)
                #expect(await journal.wait { Set($0.map(\.text)).count == 3200 })
            }
        }
        // Some brokers end a generation without waiting for its members; then what was in hand comes twice.
        #expect(journal.entries.count < 3200 + 4 * 50 * 2)
    }

    @Test("Closing lets the handler finish, commits, and does not wait for what never ends")
    func closing() async throws {
        let topic = TestEnvironment.name("close")
        let specification = TopicSpecification(name: topic, partitions: 1)
        let started = Journal<Int>()
        let configuration = ConsumerConfiguration(
            connection: connection, group: topic, topics: [specification], finishWithin: .milliseconds(500))
        try await withProducer(.init(connection: connection, topics: [specification])) { producer in
            try await producer.send(OutgoingMessage(topic: topic, key: nil, value: bytes("endless")))
        }
        let clock = ContinuousClock()
        let consumer = KafkaConsumer(configuration: configuration, logger: TestEnvironment.logger)
        let task = Task {
            try await consumer.run { _ in
                started.add(1)
                try await Task.sleep(for: .seconds(60))
            }
        }
        #expect(await started.wait { !$0.isEmpty })
        let taken = await clock.measure { await consumer.close() }
        #expect(taken < .seconds(4))
        task.cancel()
        _ = await task.result
        let again = Journal<String>()
        try await running(
            KafkaConsumer(configuration: configuration, logger: TestEnvironment.logger),
            handler: { again.add($0.messages.map(text)) }
        ) {
            #expect(await again.wait { $0 == ["endless"] })
        }
        await #expect(throws: MessagingError.self) { try await consumer.run { _ in } }
    }
}
