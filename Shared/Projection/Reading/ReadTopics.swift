import Logging
import Messaging
import ServiceKit
import Synchronization

/// Reads the topics of events for all tenants of an instance, and puts each message where its tenant's projection finds it.
/// Commits nothing: progress is in the targets.
///
/// It is the quick way only, for what is published from now on. What was published before, and what it cannot bring, be it
/// that the broker is away or has forgotten, projections take from the feed: where databases have been restored since, a topic
/// still holds events that never happened, under positions that are given anew.
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
    /// for longer. Then until one of them is near enough to take what the topics bring.
    private func waitForTenants() async -> Bool {
        for _ in 0..<60 {
            let present = intakes.withLock { Array($0.values) }
            if !present.isEmpty, present.allSatisfy(\.hasPlace) { break }
            await joined.wait(atMost: .milliseconds(50))
            if Task.isCancelled { return false }
        }
        while !isWanted, !Task.isCancelled {
            // That the topics rest is no trouble.
            problem.withLock { $0 = nil }
            await joined.wait(atMost: .milliseconds(50))
        }
        return isWanted
    }

    /// Whether a projection takes what the topics bring: one that is far behind reads the feed, in order, and would let
    /// all of it go by.
    private var isWanted: Bool { intakes.withLock { $0.values.contains { !$0.with(\.readsFeed) } } }

    /// Messages behind the topics' ends from which on reading begins at the ends: what lies between comes from the feed,
    /// in order and page by page, while the partitions' messages would all have to be held until the slowest one has come.
    private static let far: Int64 = 20_000

    /// Every partition, from the earliest place that a projection has come to with messages that this instance read; from its
    /// end where none has, or when that is far.
    private func start() async throws(MessagingError) -> [TopicPartition: ReadingStart] {
        let admin = KafkaAdmin(connection: connection, logger: logger)
        let progress = intakes.withLock { $0.values.filter(\.hasPlace) }.map { $0.with { $0.heard } }
        do throws(MessagingError) {
            let partitions = try await partitions(admin)
            let places = Dictionary(
                partitions.compactMap { partition in
                    progress.compactMap { $0[partition] }.min().map { (partition, $0) }
                }, uniquingKeysWith: min)
            let ends = places.isEmpty ? [:] : try await admin.ends(of: Array(places.keys), within: .seconds(5))
            let behind = ends.reduce(0) { $0 + max(0, $1.value - (places[$1.key] ?? $1.value)) }
            if behind > Self.far {
                logger.notice("far behind the topics; the feed is read", metadata: ["messages": "\(behind)"])
            }
            return Dictionary(
                partitions.map { partition in
                    (partition, behind > Self.far ? .end : places[partition].map { .offset($0) } ?? .end)
                }, uniquingKeysWith: { first, _ in first })
        } catch {
            problem.withLock { $0 = "\(error)" }
            throw error
        }
    }

    private func partitions(_ admin: KafkaAdmin) async throws(MessagingError) -> [TopicPartition] {
        let found = try await admin.topics(within: .seconds(5))
        return topics.flatMap { topic in
            let count = found[topic]?.partitions ?? Int(connection.topicDefaults.partitions)
            return (0..<Int32(clamping: count)).map { TopicPartition(topic: topic, partition: $0) }
        }
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
            group.addTask { try await self.watch(count) }
            defer { group.cancelAll() }
            try await group.next()
            await reader.close()
        }
    }

    /// Returns when what is read should change: a topic has been given more partitions, or nobody wants any of it.
    private func watch(_ count: Int) async throws {
        let admin = KafkaAdmin(connection: connection, logger: logger)
        var unwanted = 0
        for tick in 1... {
            try await Task.sleep(for: .seconds(1))
            unwanted = isWanted ? 0 : unwanted + 1
            if unwanted == 2 { return }
            if tick % 30 == 0, let now = try? await partitions(admin), now.count != count { return }
        }
    }

    private func distribute(_ messages: [IncomingMessage]) async {
        for message in messages {
            guard let head = EventHead(scanning: message.value),
                let intake = intakes.withLock({ $0[head.tenant] })
            else { continue }
            let event = PendingEvent(
                message: message.value, head: head, partition: message.topicPartition, offset: message.offset)
            // One who applies will have room soon, unless it is far behind and reads the feed; nobody else is waited
            // for, so that none holds up the others.
            while intake.take(event) == .beyond, intake.hasRoomSoon, !Task.isCancelled {
                await intake.waitForRoom(atMost: .milliseconds(200))
            }
        }
    }
}
