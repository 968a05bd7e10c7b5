import Domain
import Foundation
import Logging
import Messaging
import Synchronization

/// Submits over Kafka: commands go to `workitems.commands`, and each is sent again until its answer stands on
/// `workitems.replies`.
final class KafkaIntake: WorkItemIntake {
    private struct Waiting {
        var message: OutgoingMessage
        var sentAt: ContinuousClock.Instant
        var continuation: CheckedContinuation<IntakeAnswer, any Error>
    }
    private struct State {
        var waiting: [String: Waiting] = [:]
        var outgoing: [OutgoingMessage] = []
        var repeats = 0
        var ended: (any Error)?
    }

    private let tenant: String
    private let source: String
    private let topic: String
    private let producer: KafkaProducer
    private let reader: KafkaReader
    private let run = UUID().uuidString.lowercased()
    private let repeatAfter: Duration
    private let state = Mutex(State())
    private let lastNumber = Atomic(0)
    private let wake = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private init(
        tenant: String, source: String, topic: String, producer: KafkaProducer, reader: KafkaReader,
        repeatAfter: Duration
    ) {
        self.tenant = tenant
        self.source = source
        self.topic = topic
        self.producer = producer
        self.reader = reader
        self.repeatAfter = repeatAfter
    }

    /// How many commands were sent again because no answer had come.
    var repeats: Int { state.withLock { $0.repeats } }

    /// Connects, and reads answers for as long as `body` runs.
    static func with<Result: Sendable>(
        brokers: String, prefix: String, tenant: String, source: String, repeatAfter: Duration = .seconds(5),
        logger: Logger, _ body: @Sendable (KafkaIntake) async throws -> Result
    ) async throws -> Result {
        let connection = KafkaConfiguration(
            bootstrapServers: brokers, clientIdentifier: "millrace-source", createsTopics: false)
        let start = try await ends(of: prefix + "workitems.replies", connection, logger)
        let producer: KafkaProducer
        do {
            producer = try KafkaProducer(
                configuration: .init(connection: connection, linger: .milliseconds(2)), logger: logger)
        } catch { throw failure(error, brokers) }
        let reader = KafkaReader(
            configuration: ReaderConfiguration(connection: connection, start: start, startsOver: true), logger: logger)
        let intake = KafkaIntake(
            tenant: tenant, source: source, topic: prefix + "workitems.commands", producer: producer, reader: reader,
            repeatAfter: repeatAfter)
        do {
            let result = try await intake.serving(body)
            await producer.close()
            return result
        } catch {
            await producer.close()
            if let error = error as? MessagingError { throw failure(error, brokers) }
            throw error
        }
    }

    private func serving<Result: Sendable>(
        _ body: @Sendable (KafkaIntake) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.readAnswers() }
            group.addTask { try await self.sendCommands() }
            group.addTask { try await self.repeatUnanswered() }
            defer { endWaiting(CancellationError()) }
            let result = try await body(self)
            group.cancelAll()
            await reader.close()
            return result
        }
    }

    func submit(captureId: String, body: [UInt8]) async throws -> IntakeAnswer {
        let id = "\(run)-\(lastNumber.add(1, ordering: .relaxed).newValue)"
        let message = OutgoingMessage(
            topic: topic, key: captureId,
            value: CommandEvent.submit(id: id, tenant: tenant, source: source, body: body),
            headers: [(name: "content-type", value: "application/cloudevents+json; charset=utf-8")])
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let refusal: (any Error)? = state.withLock { state in
                    if let ended = state.ended { return ended }
                    state.waiting[id] = Waiting(message: message, sentAt: .now, continuation: continuation)
                    state.outgoing.append(message)
                    return nil
                }
                if let refusal { return continuation.resume(throwing: refusal) }
                if Task.isCancelled { return settle(id, .failure(CancellationError())) }
                wake.continuation.yield()
            }
        } onCancel: {
            settle(id, .failure(CancellationError()))
        }
    }

    private func settle(_ id: String, _ result: Result<IntakeAnswer, any Error>) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume(with: result)
    }

    private func endWaiting(_ error: any Error) {
        let waiting = state.withLock { state in
            state.ended = state.ended ?? error
            defer { state.waiting = [:] }
            return state.waiting.values.map(\.continuation)
        }
        for continuation in waiting { continuation.resume(throwing: error) }
    }

    /// What waits is sent together. Whether that succeeds is not looked at: what counts is the answer, and what has none
    /// is sent again.
    private func sendCommands() async throws {
        for await _ in wake.stream {
            let messages = state.withLock { state in
                defer { state.outgoing = [] }
                return state.outgoing
            }
            try? await producer.send(messages)
        }
    }

    private func readAnswers() async {
        do {
            try await reader.run { [self] batch in
                for message in batch.messages { take(message) }
            }
            endWaiting(CancellationError())
        } catch {
            endWaiting(error)
        }
    }

    private func take(_ message: IncomingMessage) {
        guard let event = try? JSONValue(parsing: message.value), event["tenant"]?.stringValue == tenant,
            let data = event["data"], let id = data["commandId"]?.stringValue, id.hasPrefix(run),
            let status = data["status"]?.integerValue
        else { return }
        // Too busy: left waiting, to be sent again.
        if status == 429 || status == 503 { return }
        let problem = data["problem"].map { ProblemText.text(of: $0, status: Int(status)) } ?? ""
        settle(
            id,
            .success(
                IntakeAnswer(status: Int(status), workItemId: data["workItem"]?["id"]?.stringValue, problem: problem)))
    }

    private func repeatUnanswered() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(500))
            let late = state.withLock { state in
                let now = ContinuousClock.now
                let late = state.waiting.filter { $0.value.sentAt + repeatAfter < now }
                for id in late.keys { state.waiting[id]?.sentAt = now }
                state.repeats += late.count
                return late.values.map(\.message)
            }
            if !late.isEmpty { try? await producer.send(late) }
        }
    }

    /// Where the next answers will stand.
    private static func ends(
        of topic: String, _ connection: KafkaConfiguration, _ logger: Logger
    ) async throws -> [TopicPartition: ReadingStart] {
        let admin = KafkaAdmin(connection: connection, logger: logger)
        do {
            guard let description = try await admin.topics()[topic] else {
                throw CommandFailure(
                    .unavailable,
                    "Kafka at \(connection.bootstrapServers) has no topic \(topic). Start a core, which creates it, "
                        + "or correct kafkaPrefix in the credentials; `millrace doctor` checks all of it.")
            }
            var start: [TopicPartition: ReadingStart] = [:]
            for number in 0..<Int32(description.partitions) {
                let partition = TopicPartition(topic: topic, partition: number)
                start[partition] = .offset(try await admin.watermarks(of: partition).high)
            }
            return start
        } catch let error as MessagingError {
            throw failure(error, connection.bootstrapServers)
        }
    }

    private static func failure(_ error: MessagingError, _ brokers: String) -> CommandFailure {
        CommandFailure(.unavailable, "Kafka at \(brokers): \(error.message)")
    }
}
