import Crypto
import Domain
import Foundation

/// The one way in for commands, whether they came over Kafka or HTTP.
extension TenantRuntime {
    /// Performs a command and tells its answer.
    /// - Parameters:
    ///   - content: the body as sent, for recognising the same content again.
    ///   - answerKey: keeps the answer for repeats. A submit needs none: its captureId is its key.
    func perform(
        _ command: WorkItemCommand, of reference: WorkItemReference, source: Int32, content: JSONValue, actor: Actor,
        answerKey: AnswerKey?
    ) async throws -> StoredAnswer {
        if case .submit(let submit) = command {
            let outcome = try await submitItem(submit, source: source, content: content, actor: actor)
            return WorkItemAnswer.stored(for: outcome, in: snapshot, at: .now)
        }
        let operation: WorkItemOperation
        do {
            operation = try WorkItemOperation(command, in: snapshot)
        } catch let refusal {
            return WorkItemAnswer.stored(refusal)
        }
        let outcome = try await changes.submit(
            ChangeRequest(reference: reference, command: operation, actor: actor, answerKey: answerKey))
        return WorkItemAnswer.stored(for: outcome, in: snapshot, at: .now)
    }

    private func names(noAgent key: String) -> Bool {
        snapshot.names.id(of: .agent, key).flatMap { snapshot.agents[$0] } == nil
    }

    /// Captures a submitted body.
    func submitItem(
        _ submit: SubmitCommand, source: Int32, content: JSONValue, actor: Actor
    ) async throws -> CaptureOutcome {
        if let key = submit.preferredAgent, names(noAgent: key) {
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
