import Crypto
import Domain
import Foundation
import Logging
import Messaging
import ServiceKit
import Storage

/// Commands over Kafka: the same path in code as REST. Each is answered on the replies topic, or, when it cannot be
/// read, laid aside as a dead letter with its original bytes and answered as far as its sender can be told.
///
/// Throws only when nothing can be said about the batch (a server is away): then the same batch comes again.
struct HandleCommands: Sendable {
    let tenants: TenantDirectory
    let dependencies: CoreDependencies
    let deadLetters: DeadLetters
    let binding: CommandMessage.Binding?

    func handle(_ batch: MessageBatch) async throws {
        let messages = batch.messages.map { CommandMessage($0, binding: binding) }
        var replies: [OutgoingMessage?] = Array(repeating: nil, count: messages.count)
        var dead: [DeadLetter] = []
        // A key's commands keep their order: submits and changes of a batch run in rounds of equal kind.
        for round in Self.rounds(of: messages) {
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                for index in round {
                    group.addTask { (index, try await self.perform(messages[index])) }
                }
                for try await (index, outcome) in group {
                    switch outcome {
                    case .answered(let reply): replies[index] = reply
                    case .dead(let letter, let reply):
                        dead.append(letter)
                        replies[index] = reply
                    }
                }
            }
        }
        try await deadLetters.store(dead)
        try await dependencies.producer.send(replies.compactMap { $0 })
    }

    private enum Outcome: Sendable {
        case answered(OutgoingMessage)
        case dead(DeadLetter, OutgoingMessage?)
    }

    /// Splits a batch so that no two commands of one item share a round; nearly always there is one round.
    static func rounds(of messages: [CommandMessage]) -> [[Int]] {
        struct Key: Hashable {
            var tenant: String?
            var source: String
            var captureId: String
        }
        var depth: [Key: Int] = [:]
        var rounds: [[Int]] = []
        for (index, message) in messages.enumerated() {
            var round = 0
            if case .command(let envelope) = message.content {
                let key = Key(tenant: envelope.tenant, source: envelope.source, captureId: envelope.captureId)
                round = depth[key, default: 0]
                depth[key] = round + 1
            }
            while rounds.count <= round { rounds.append([]) }
            rounds[round].append(index)
        }
        return rounds
    }

    private func perform(_ message: CommandMessage) async throws -> Outcome {
        switch message.content {
        case .malformed(let malformed):
            return dead(message, malformed)
        case .command(let envelope):
            if origin(of: envelope) == nil {
                await tenants.readAgain()
                try Task.checkCancellation()
            }
            if isOutOfService(envelope) {
                return .answered(reply(to: message.message, envelope, WorkItemAnswer.stored(Self.outOfService)))
            }
            guard let runtime = tenants.runtime(named: envelope.tenant ?? "") else {
                return dead(message, .init(reason: "unknown tenant \(envelope.tenant ?? "")", envelope: envelope))
            }
            guard let (source, snapshot) = origin(of: envelope) else {
                return dead(message, .init(reason: "the tenant has no source \(envelope.source)", envelope: envelope))
            }
            // Nothing is wrong with the command: it is no dead letter, its source sends it again until it is taken. What
            // is submitted counts, as over HTTP: a source that is over its quota can still call off what is there.
            if envelope.action == .submit,
                let seconds = await runtime.quotas.refusal(source: source, in: snapshot, at: .now)
            {
                let refusal = Refusal(
                    .quotaExceeded,
                    "The quota of the source or tenant is used up; send the same command again in \(seconds) s.")
                return .answered(reply(to: message.message, envelope, WorkItemAnswer.stored(refusal)))
            }
            do {
                let answer = try await runtime.perform(
                    envelope, source: source, trace: Self.trace(of: message.message))
                return .answered(reply(to: message.message, envelope, answer))
            } catch {
                // It was tried alone and would be refused each time: repeated, it would hold its partition up for ever.
                guard let refused = error as? StorageError, refused.isRefusalOfContent else { throw error }
                dependencies.logger.warning(
                    "command laid aside, the database refuses it",
                    metadata: [
                        "tenant": "\(runtime.name)", "source": "\(envelope.source)",
                        "offset": "\(message.message.offset)", "error": "\(refused)",
                    ])
                return dead(message, .init(reason: refused.refusal(of: "command"), envelope: envelope))
            }
        }
    }

    private static let outOfService = Refusal(
        .unavailable, "The tenant's configuration cannot be read at present; send the same command again later.")

    /// Whether nothing is wrong with the command, as far as can be said: what may name its source is there and cannot be
    /// read here. As with a quota, its source sends it again.
    private func isOutOfService(_ envelope: CloudEventEnvelope) -> Bool {
        guard let runtime = tenants.runtime(named: envelope.tenant ?? "") else {
            return tenants.isOutOfService(named: envelope.tenant ?? "")
        }
        return origin(of: envelope) == nil && tenants.unreadVersion(ofTenant: runtime.tenant) != nil
    }

    private static func trace(of message: IncomingMessage) -> String? {
        message.header("traceparent").flatMap { TraceContext($0) }?.description
    }

    /// The source that a command names, and the configuration that knows it; nil as far as this instance has heard.
    private func origin(of envelope: CloudEventEnvelope) -> (source: Int32, snapshot: TenantSnapshot)? {
        guard let snapshot = tenants.runtime(named: envelope.tenant ?? "")?.snapshot,
            let source = snapshot.names.id(of: .source, envelope.source), snapshot.sources[source] != nil
        else { return nil }
        return (source, snapshot)
    }

    private func dead(_ message: CommandMessage, _ malformed: CommandMessage.Malformed) -> Outcome {
        let letter = DeadLetter(message: message.message, malformed: malformed)
        return .dead(letter, reply(to: message.message, malformed))
    }

    private func reply(
        to message: IncomingMessage, _ envelope: CloudEventEnvelope, _ answer: StoredAnswer
    ) -> OutgoingMessage {
        Reply(to: envelope, answer).message(topic: dependencies.topics.replies, answering: message)
    }

    private func reply(to message: IncomingMessage, _ malformed: CommandMessage.Malformed) -> OutgoingMessage {
        Reply(to: malformed).message(topic: dependencies.topics.replies, answering: message)
    }
}

extension CommandMessage.Malformed {
    init(reason: String, envelope: CloudEventEnvelope) {
        self.init(
            reason: reason, tenant: envelope.tenant, source: envelope.source, eventId: envelope.id,
            captureId: envelope.captureId)
    }
}
