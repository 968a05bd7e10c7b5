import Messaging
import Testing

@Suite("A broker that forgets everything when it is killed", .enabled(if: TestEnvironment.hasBrokerBinary))
struct ForgetfulBrokerTests {
    @Test("Producer and consumer go on by themselves and nothing new is lost", arguments: [5, 4000])
    func goOn(before: Int) async throws {
        try await withPrivateBroker { broker in
            let topic = TestEnvironment.name("forget")
            let specification = TopicSpecification(name: topic, partitions: 2)
            let connection = TestEnvironment.connection(to: broker.servers)
            let journal = Journal<String>()
            let consumer = KafkaConsumer(
                configuration: .init(connection: connection, group: topic, topics: [specification]),
                logger: TestEnvironment.logger)
            try await withProducer(.init(connection: connection, topics: [specification])) { producer in
                @Sendable func publish(_ range: Range<Int>) async throws {
                    try await producer.send(
                        range.map { OutgoingMessage(topic: topic, key: "\($0)", value: bytes("\($0)")) })
                }
                try await running(consumer, handler: { journal.add($0.messages.map(text)) }) {
                    try await publish(0..<before)
                    #expect(await journal.wait { $0.count >= before })
                    for round in 1...2 {
                        broker.forget()
                        async let sent: Void = publish(round * 10_000..<round * 10_000 + 300)
                        try broker.start()
                        let clock = ContinuousClock()
                        let back = clock.now
                        try await sent
                        let produced = clock.now - back
                        #expect(
                            await journal.wait { Set($0).isSuperset(of: (0..<300).map { "\(round * 10_000 + $0)" }) })
                        let consumed = clock.now - back
                        #expect(consumed < .seconds(20), "produced after \(produced), consumed after \(consumed)")
                        TestEnvironment.logger.notice("back after \(produced), \(consumed)")
                        // Later messages come through as well, also those that a stale position would skip.
                        try await publish(round * 20_000..<round * 20_000 + 300)
                        #expect(
                            await journal.wait { Set($0).isSuperset(of: (0..<300).map { "\(round * 20_000 + $0)" }) })
                    }
                }
            }
        }
    }

    @Test("A log that has outgrown the reader's place before it is back is read from its beginning")
    func outgrown() async throws {
        try await withPrivateBroker { broker in
            let topic = TestEnvironment.name("outgrown")
            let specification = TopicSpecification(name: topic, partitions: 1)
            let connection = TestEnvironment.connection(to: broker.servers)
            let journal = Journal<String>()
            let partition = TopicPartition(topic: topic, partition: 0)
            let reader = KafkaReader(
                configuration: .init(connection: connection, start: [partition: .beginning], startsOver: true),
                logger: TestEnvironment.logger)
            let strict = KafkaReader(
                configuration: .init(connection: connection, start: [partition: .beginning]),
                logger: TestEnvironment.logger)
            let admin = KafkaAdmin(connection: connection, logger: TestEnvironment.logger)
            try await admin.ensureTopics([specification])
            async let run: Void = reader.run { journal.add($0.messages.map(text)) }
            let seenByStrict = Journal<String>()
            let end = Task { () -> MessagingError? in
                do throws(MessagingError) {
                    try await strict.run { seenByStrict.add($0.messages.map(text)) }
                    return nil
                } catch {
                    return error
                }
            }
            try await publish(0..<5, to: topic, connection)
            #expect(await journal.wait { $0.count == 5 })
            #expect(await seenByStrict.wait { $0.count == 5 })
            broker.forget()
            // Readers come back every second at the latest; the new log is longer than the old one by then.
            try broker.start()
            try await admin.ensureTopics([specification])
            try await publish(100..<150, to: topic, connection)
            #expect(await journal.wait { Set($0).isSuperset(of: (100..<150).map(String.init)) })
            let error = await end.value
            #expect(error.map { [.logReplaced, .offsetOutOfRange].contains($0.code) } == true)
            #expect(Set(seenByStrict.entries).isDisjoint(with: (106..<150).map(String.init)))
            await reader.close()
            try await run
        }
    }

    @Test("A group offset behind the end of the log starts over at the oldest message")
    func offsetBehindTheEnd() async throws {
        try await withPrivateBroker { broker in
            let topic = TestEnvironment.name("behind")
            let connection = TestEnvironment.connection(to: broker.servers)
            let specification = TopicSpecification(name: topic, partitions: 1)
            try await KafkaAdmin(connection: connection, logger: TestEnvironment.logger).ensureTopics([specification])
            try commitRaw(group: topic, TopicPartition(topic: topic, partition: 0), offset: 5000, at: broker.servers)
            let journal = Journal<String>()
            let consumer = KafkaConsumer(
                configuration: .init(connection: connection, group: topic, topics: [specification]),
                logger: TestEnvironment.logger)
            try await running(consumer, handler: { journal.add($0.messages.map(text)) }) {
                try await publish(0..<100, to: topic, connection)
                #expect(await journal.wait { $0.count >= 100 })
            }
            #expect(journal.entries == (0..<100).map(String.init))
            // And the group's offset is right again.
            try await publish(100..<110, to: topic, connection)
            let next = Journal<String>()
            try await running(
                KafkaConsumer(
                    configuration: .init(connection: connection, group: topic, topics: [specification]),
                    logger: TestEnvironment.logger),
                handler: { next.add($0.messages.map(text)) }
            ) {
                #expect(await next.wait { $0.count >= 10 })
            }
            #expect(next.entries == (100..<110).map(String.init))
        }
    }

    @Test("A broker that stands still makes senders wait; it goes on and so do they")
    func standstill() async throws {
        try await withPrivateBroker { broker in
            let topic = TestEnvironment.name("still")
            let connection = TestEnvironment.connection(to: broker.servers)
            try await withProducer(.init(connection: connection, stallTimeout: .seconds(2))) { producer in
                try await producer.send(OutgoingMessage(topic: topic, key: nil, value: bytes("0")))
                broker.pause()
                async let sent: Void = producer.send(
                    (1..<100).map { OutgoingMessage(topic: topic, key: nil, value: bytes("\($0)")) })
                try await Task.sleep(for: .seconds(4))
                broker.goOn()
                try await sent
            }
        }
    }

    private func publish(_ range: Range<Int>, to topic: String, _ connection: KafkaConfiguration) async throws {
        try await withProducer(.init(connection: connection)) { producer in
            try await producer.send(range.map { OutgoingMessage(topic: topic, key: "\($0)", value: bytes("\($0)")) })
        }
    }
}
