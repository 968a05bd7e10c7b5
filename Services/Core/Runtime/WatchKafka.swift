import Logging
import Messaging
import ServiceKit
import Synchronization

/// Whether a broker answers, and whether our topics have the partitions that are configured; asked beside the work.
///
/// Nothing depends on the answer: events and replies wait in the outbox while Kafka is away, and what has too few
/// partitions works, with fewer instances that share its load.
final class WatchKafka: Sendable {
    /// A topic with fewer partitions than configured.
    struct ShortTopic: Sendable, Equatable, CustomStringConvertible {
        var name: String
        var partitions: Int
        var expected: Int

        var description: String { "\(name) has \(partitions) of \(expected) partitions" }
    }

    private struct State {
        /// nil while the last question was answered.
        var problem: String? = "no broker has been asked yet"
        /// As of the last answer; nil before the first.
        var short: [ShortTopic]?
    }

    private let connection: KafkaConfiguration
    private let names: [String]
    private let logger: Logger
    private let state = Mutex(State())

    init(connection: KafkaConfiguration, topics: Topics, logger: Logger) {
        self.connection = connection
        self.names = topics.all.sorted()
        self.logger = logger
    }

    /// Asks every five seconds until the task is cancelled.
    func run() async {
        let admin = KafkaAdmin(connection: connection, logger: logger)
        while !Task.isCancelled {
            do throws(MessagingError) {
                answered(try await admin.topics(within: .seconds(2)))
            } catch {
                failed(error)
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    /// For `/health/ready`. Neither makes an instance unready: it could not help by being left out.
    var checks: [HealthCheck] {
        [
            HealthCheck("kafka", isRequired: false) {
                if let problem = self.state.withLock({ $0.problem }) { throw Degraded(description: problem) }
            },
            HealthCheck("topics", isRequired: false) {
                guard let short = self.state.withLock({ $0.short }) else {
                    throw Degraded(description: "not known: no broker has answered yet")
                }
                guard !short.isEmpty else { return }
                let list = short.map(\.description).joined(separator: ", ")
                throw Degraded(description: "\(list); \(Self.advice)")
            },
        ]
    }

    /// How many topics have too few partitions; nil before the first answer.
    var shortTopics: Int? { state.withLock { $0.short?.count } }

    /// A topic that is not there yet is created by whoever first uses it, with the partitions configured.
    private func answered(_ topics: [String: TopicDescription]) {
        let expected = Int(connection.topicDefaults.partitions)
        let short = names.compactMap { name -> ShortTopic? in
            guard let partitions = topics[name]?.partitions, partitions < expected else { return nil }
            return ShortTopic(name: name, partitions: partitions, expected: expected)
        }
        let before = state.withLock { state -> State in
            defer { state = State(problem: nil, short: short) }
            return state
        }
        if before.problem != nil { logger.info("Kafka answers") }
        for topic in short where before.short?.contains(topic) != true {
            logger.warning(
                "topic has too few partitions: add some with kafka-topics --alter, or lower MILLRACE_KAFKA_PARTITIONS",
                metadata: [
                    "topic": "\(topic.name)", "partitions": "\(topic.partitions)", "expected": "\(topic.expected)",
                ])
        }
        for topic in before.short ?? [] where !short.contains(where: { $0.name == topic.name }) {
            logger.notice("topic has its partitions now", metadata: ["topic": "\(topic.name)"])
        }
    }

    private func failed(_ error: MessagingError) {
        let problem = "\(error)"
        let before = state.withLock { state -> String? in
            defer { state.problem = problem }
            return state.problem
        }
        if before != problem { logger.warning("Kafka does not answer", metadata: ["error": "\(problem)"]) }
    }

    private static let advice = """
        add partitions with kafka-topics --alter (best while no messages wait, as keys change their places), \
        or lower MILLRACE_KAFKA_PARTITIONS
        """

    private struct Degraded: Error, CustomStringConvertible { let description: String }
}
