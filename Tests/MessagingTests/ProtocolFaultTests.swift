import CRdKafka
import Messaging
import Testing

@Suite("Faults of the protocol, on the library's mock cluster")
struct ProtocolFaultTests {
    @Test("When another member joins, the batch in hand is finished first; both then handle all that is left")
    func orderlyHandover() async throws {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("handover")
            cluster.create(topic, partitions: 4)
            let journal = Journal<(member: Int, text: String)>()
            let revocations = Journal<Bool>()
            let configuration = ConsumerConfiguration(
                connection: cluster.connection, group: topic, topics: [.init(name: topic)],
                measure: { if case .revoked(_, let lost) = $0 { revocations.add(lost) } })
            @Sendable func member(_ number: Int) -> (KafkaConsumer, @Sendable (MessageBatch) async throws -> Void) {
                let consumer = KafkaConsumer(configuration: configuration, logger: TestEnvironment.logger)
                return (
                    consumer,
                    { batch in
                        try await Task.sleep(for: .milliseconds(400))
                        journal.add(batch.messages.map { (number, text($0)) })
                    }
                )
            }
            try await withProducer(.init(connection: cluster.connection)) { producer in
                try await producer.send(
                    (0..<2000).map { OutgoingMessage(topic: topic, key: "\($0)", value: bytes("\($0)")) })
                let (first, firstHandler) = member(1)
                let (second, secondHandler) = member(2)
                try await running(first, maximumBatch: 100, handler: firstHandler) {
                    #expect(await journal.wait { !$0.isEmpty })
                    try await running(second, maximumBatch: 100, handler: secondHandler) {
                        #expect(await journal.wait(within: .seconds(90)) { Set($0.map(\.text)).count == 2000 })
                    }
                }
            }
            #expect(Set(journal.entries.map(\.member)) == [1, 2])
            #expect(Set(journal.entries.map(\.text)).count == 2000)
            #expect(revocations.entries.contains(false))
            // This coordinator takes no commits once it has begun to rebalance: each time the batch in hand may come
            // again, and the one before it whose commit was under way. A slow machine sees more rebalances.
            #expect(journal.entries.count <= 2000 + 2 * 100 * revocations.entries.count)
            #expect(revocations.entries.count < 30)
        }
    }

    @Test(
        "Errors that pass are retried inside, in order",
        arguments: [
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        ])
    func passingErrors(_ error: rd_kafka_resp_err_t) async throws {
        #expect(try await arrivals(with: error) == Self.sent)
    }

    /// The library begins a new epoch then, and batches that were under way together may change places
    /// (https://github.com/confluentinc/librdkafka/issues/4953). Whoever needs the order of events has their positions.
    @Test(
        "Errors that cost the producer its epoch are retried inside, and nothing is lost",
        arguments: [
            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ])
    func newEpoch(_ error: rd_kafka_resp_err_t) async throws {
        #expect(try await arrivals(with: error).sorted() == Self.sent.sorted())
    }

    private static let sent = ["first"] + (0..<500).map(String.init)

    /// Sends while the first two requests of many messages fail.
    /// - Returns: what arrives, each the first time that it does.
    private func arrivals(with error: rd_kafka_resp_err_t) async throws -> [String] {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("passing")
            cluster.create(topic, partitions: 1)
            let journal = Journal<String>()
            try await withProducer(.init(connection: cluster.connection)) { producer in
                try await producer.send(OutgoingMessage(topic: topic, key: nil, value: bytes("first")))
                cluster.fail(MockCluster.produce, with: [error, error])
                try await producer.send(
                    (0..<500).map { OutgoingMessage(topic: topic, key: nil, value: bytes("\($0)")) })
            }
            let consumer = KafkaConsumer(
                configuration: .init(connection: cluster.connection, group: topic, topics: [.init(name: topic)]),
                logger: TestEnvironment.logger)
            try await running(consumer, handler: { journal.add($0.messages.map(text)) }) {
                #expect(await journal.wait { Set($0).count > 500 })
            }
            var seen: Set<String> = []
            return journal.entries.filter { seen.insert($0).inserted }
        }
    }

    @Test("A handler that falls far behind is paused, and nothing is lost over a rebalance meanwhile")
    func pausedHandler() async throws {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("paused")
            cluster.create(topic, partitions: 2)
            let journal = Journal<String>()
            let gate = Journal<Int>()
            let joining = Journal<Bool>()
            let assignments = Journal<Int>()
            func configuration(of member: Int) -> ConsumerConfiguration {
                ConsumerConfiguration(
                    connection: cluster.connection, group: topic, topics: [.init(name: topic)],
                    measure: { measurement in
                        if case .assigned = measurement { assignments.add(member) }
                        if case .revoked = measurement, member == 1 { joining.add(true) }
                    })
            }
            try await withProducer(.init(connection: cluster.connection)) { producer in
                try await producer.send(
                    (0..<200).map { OutgoingMessage(topic: topic, key: "\($0)", value: bytes("\($0)")) })
            }
            let first = KafkaConsumer(configuration: configuration(of: 1), logger: TestEnvironment.logger)
            let second = KafkaConsumer(configuration: configuration(of: 2), logger: TestEnvironment.logger)
            let slow: @Sendable (MessageBatch) async throws -> Void = { batch in
                if gate.entries.isEmpty {
                    gate.add(1)
                    try await Task.sleep(for: .seconds(3))
                }
                // The other half stays until the first one is asked to give partitions up.
                if journal.entries.count >= 100 { _ = await joining.wait { !$0.isEmpty } }
                journal.add(batch.messages.map(text))
            }
            try await running(first, maximumBatch: 5, handler: slow) {
                #expect(await gate.wait { !$0.isEmpty })
                #expect(await journal.wait { $0.count >= 100 })
                try await running(second, maximumBatch: 5, handler: slow) {
                    #expect(await assignments.wait { $0.contains(2) })
                    #expect(await journal.wait { Set($0).count == 200 })
                }
            }
        }
    }

    @Test("A message that is too large fails alone; the others of its batch are delivered")
    func tooLarge() async throws {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("large")
            cluster.create(topic, partitions: 1)
            let limits = ["message.max.bytes": "1000000"]
            try await withProducer(.init(connection: cluster.connection, properties: limits)) { producer in
                let large = OutgoingMessage(topic: topic, key: nil, value: Array(repeating: 65, count: 2_000_000))
                let small = OutgoingMessage(topic: topic, key: nil, value: bytes("small"))
                let error = await #expect(throws: MessagingError.self) {
                    try await producer.send([small, large, small])
                }
                #expect(error?.code == .messageTooLarge)
                #expect(error?.undelivered == [1])
                #expect(error?.isRetryable == false)
            }
        }
    }

    @Test("A full queue makes the sender wait instead of failing")
    func backPressure() async throws {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("full")
            cluster.create(topic, partitions: 1)
            let pressure = Journal<Int>()
            let configuration = ProducerConfiguration(
                connection: cluster.connection, properties: ["queue.buffering.max.messages": "100"],
                measure: { if $0 == .backPressure { pressure.add(1) } })
            try await withProducer(configuration) { producer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for sender in 0..<10 {
                        group.addTask {
                            try await producer.send(
                                (0..<500).map {
                                    OutgoingMessage(topic: topic, key: "\(sender)", value: bytes("\(sender)/\($0)"))
                                })
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(!pressure.entries.isEmpty)
        }
    }

    @Test("A send ends with an error when no broker answers in time, and the producer is of use again afterwards")
    func brokerAway() async throws {
        try await withMockCluster { cluster in
            let topic = TestEnvironment.name("away")
            cluster.create(topic, partitions: 1)
            let configuration = ProducerConfiguration(
                connection: cluster.connection, deliveryTimeout: .seconds(2), stallTimeout: .seconds(1))
            try await withProducer(configuration) { producer in
                let message = OutgoingMessage(topic: topic, key: nil, value: bytes("x"))
                try await producer.send(message)
                cluster.setDown(broker: 1)
                let error = await #expect(throws: MessagingError.self) { try await producer.send([message, message]) }
                #expect(error?.code == .timedOut)
                #expect(error?.isRetryable == true)
                #expect(error?.undelivered == [0, 1])
                cluster.setUp(broker: 1)
                var delivered = false
                for _ in 0..<5 where !delivered {
                    do {
                        try await producer.send(message)
                        delivered = true
                    } catch let error as MessagingError where error.isRetryable {
                        continue
                    }
                }
                #expect(delivered)
            }
        }
    }

    @Test("A closed producer refuses, and settings that Millrace relies on cannot be changed")
    func refusals() async throws {
        let connection = TestEnvironment.connection(to: "127.0.0.1:1")
        let producer = try KafkaProducer(
            configuration: .init(connection: connection), logger: TestEnvironment.logger)
        await producer.close()
        let closed = await #expect(throws: MessagingError.self) {
            try await producer.send(OutgoingMessage(topic: "t", key: nil, value: []))
        }
        #expect(closed?.code == .closed)
        #expect(throws: MessagingError.self) {
            try KafkaProducer(
                configuration: .init(connection: connection, properties: ["acks": "1"]),
                logger: TestEnvironment.logger)
        }
        let consumer = KafkaConsumer(
            configuration: .init(
                connection: connection, group: "g", topics: [.init(name: "t")], properties: ["no.such": "1"]),
            logger: TestEnvironment.logger)
        let refused = await #expect(throws: MessagingError.self) { try await consumer.run { _ in } }
        #expect(refused?.code == .configuration)
    }
}
