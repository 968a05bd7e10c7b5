import Crypto
import Domain
import Foundation

/// The one way in for commands, whether they came over Kafka or HTTP.
extension TenantRuntime {
    /// Performs a source's command, as it came over Kafka, and tells its answer, which is kept for repeats. A submit needs
    /// no key for that: its captureId is one.
    func perform(_ envelope: CloudEventEnvelope, source: Int32, trace: String? = nil) async throws -> StoredAnswer {
        let actor = Actor(.source, envelope.source, trace: trace)
        if case .submit(let submit) = envelope.command {
            let outcome = try await submitItem(submit, source: source, content: envelope.data, actor: actor)
            return WorkItemAnswer.stored(for: outcome, in: snapshot, at: .now)
        }
        let operation: WorkItemOperation
        do {
            operation = try WorkItemOperation(envelope.command, in: snapshot)
        } catch let refusal {
            return WorkItemAnswer.stored(refusal)
        }
        let outcome = try await changes.submit(
            ChangeRequest(
                reference: .capture(CaptureKey(source: source, captureId: envelope.captureId)), command: operation,
                actor: actor,
                answerKey: AnswerKey(
                    source: envelope.source, key: envelope.id, digest: CommandMessage.digest(of: envelope))))
        return WorkItemAnswer.stored(for: outcome, in: snapshot, at: .now)
    }

    /// Makes changes of the system's own, all of them, before the first failure is thrown.
    func change(_ requests: [ChangeRequest]) async throws {
        for result in await changes.submit(all: requests) { _ = try result.get() }
    }

    /// Captures a submitted body.
    func submitItem(
        _ submit: SubmitCommand, source: Int32, content: JSONValue, actor: Actor
    ) async throws -> CaptureOutcome {
        if let key = submit.preferredAgent, snapshot.agent(named: key) == nil {
            // What was taken before keeps its answer, although its agent may have left since.
            let known = try await queries.item(.capture(CaptureKey(source: source, captureId: submit.captureId)))
            guard known != nil else { return .refused(Refusal(unknown: "agent \(key)", at: "/preferredAgent")) }
        }
        return try await captures.submit(
            CaptureRequest(
                source: source, submit: submit,
                contentHash: Array(SHA256.hash(data: SubmitCommand.content(of: content))), actor: actor))
    }
}
