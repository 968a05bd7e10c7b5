import Logging
import Messaging
import ServiceKit
import Synchronization

/// Reads the topics of events for all tenants of an instance, from where their projections have come to, and puts each
/// message where its tenant's projection finds it. Commits nothing: progress is in the targets.
///
/// It is the quick way only. What it cannot bring, be it that the broker is away or has forgotten, projections take
/// from the feed.
public final class ReadTopics: Sendable {
    private let connection: KafkaConfiguration
    private let topics: [String]
    private let logger: Logger
    private let intakes = Mutex<[String: TenantIntake]>([:])
    private let joined = AsyncWake()
    private let problem = Mutex<String?>("no broker has been asked yet")

    /// Reads the topics that together hold all events.
    /// - Parameter prefix: what their names begin with.
    public init(connection: KafkaConfiguration, prefix: String, logger: Logger) {
        self.connection = connection
        topics = ["workitems.events", "agents.events", "emails.status"].map { prefix + $0 }
        self.logger = logger
    }

    /// Why the topics are not being read just now; nil while they are.
    public var trouble: String? { problem.withLock { $0 } }

    /// Reads until the task is cancelled.
    public func run() async {
        await repeating("topics", logger: logger) {
            guard await self.waitForTenants() else { return .zero }
            let start = try await self.start()
            self.problem.withLock { $0 = nil }
            do {
                try await self.read(from: start)
            } catch {
                self.problem.withLock { $0 = "\(error)" }
                throw error
            }
            return .zero
        }
    }

    func add(_ intake: TenantIntake) {
        intakes.withLock { $0[intake.tenant] = intake }
        joined.wake()
    }

    /// Takes it out, unless another one of the tenant has put itself there.
    func remove(_ intake: TenantIntake) {
        intakes.withLock { intakes in
            if intakes[intake.tenant] === intake { intakes[intake.tenant] = nil }
        }
    }

    /// Waits for a projection, and up to 3 s until all know how far they are; one whose database is away is not waited
    /// for longer.
    private func waitForTenants() async -> Bool {
        for _ in 0..<60 {
            let present = intakes.withLock { Array($0.values) }
            if !present.isEmpty, present.allSatisfy(\.hasPlace) { return true }
            await joined.wait(atMost: .milliseconds(50))
            if Task.isCancelled { return false }
        }
        return intakes.withLock { !$0.isEmpty }
    }

    /// Every partition, from the earliest place that a projection has come to; from its beginning if one has read
    /// nothing of it.
    private func start() async throws(MessagingError) -> [TopicPartition: ReadingStart] {
        let admin = KafkaAdmin(connection: connection, logger: logger)
        let found: [String: TopicDescription]
        do throws(MessagingError) {
            found = try await admin.topics(within: .seconds(5))
        } catch {
            problem.withLock { $0 = "\(error)" }
            throw error
        }
        let progress = intakes.withLock { $0.values.filter(\.hasPlace) }.map { $0.with { $0.offsets } }
        var start: [TopicPartition: ReadingStart] = [:]
        for topic in topics {
            let partitions = found[topic]?.partitions ?? Int(connection.topicDefaults.partitions)
            for number in 0..<Int32(clamping: partitions) {
                let partition = TopicPartition(topic: topic, partition: number)
                let offsets = progress.map { $0[partition] }
                let known = offsets.compactMap { $0 }
                start[partition] =
                    known.count < offsets.count || known.isEmpty ? .beginning : .offset(known.min() ?? 0)
            }
        }
        return start
    }

    private func read(from start: [TopicPartition: ReadingStart]) async throws {
        let defaults = connection.topicDefaults
        let reader = KafkaReader(
            configuration: ReaderConfiguration(
                connection: connection, start: start,
                topics: topics.map {
                    TopicSpecification(name: $0, partitions: defaults.partitions, replication: defaults.replication)
                },
                startsOver: true,
                properties: ["queued.max.messages.kbytes": "4096", "fetch.message.max.bytes": "262144"],
                measure: { [logger] measurement in
                    if case .startedOver(let partitions) = measurement {
                        logger.notice(
                            "a topic is not the one that was read before; what is missing comes from the feed",
                            metadata: ["partitions": "\(partitions)"])
                    }
                }),
            logger: logger)
        let count = start.count
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await reader.run(maximumBatch: 500) { batch in await self.distribute(batch.messages) }
            }
            // A topic that has been given more partitions is read anew.
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(30))
                    if let now = try? await self.start(), now.count != count { return }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
            await reader.close()
        }
    }

    private func distribute(_ messages: [IncomingMessage]) async {
        for message in messages {
            guard let head = EventHead(scanning: message.value),
                let intake = intakes.withLock({ $0[head.tenant] })
            else { continue }
            let event = PendingEvent(
                message: message.value, head: head, partition: message.topicPartition, offset: message.offset)
            // One who applies will have room soon; nobody else is waited for, so that none holds up the others.
            while intake.take(event) == .beyond, intake.isMoving, !Task.isCancelled {
                await intake.waitForRoom(atMost: .milliseconds(200))
            }
        }
    }
}
