import Domain
import Foundation

/// How a caller names an item.
package enum WorkItemReference: Sendable, Hashable {
    case id(UUID)
    case capture(CaptureKey)
}

/// Under what a command's answer is kept, so that a repeat gets the same answer and has no effect.
package struct AnswerKey: Sendable, Hashable {
    /// The source's name over Kafka, or the caller over REST.
    package var source: String
    /// Event id or idempotency key.
    package var key: String
    /// SHA-256 of the request: another request under the same key is refused.
    package var digest: [UInt8]
}

/// A command on its way to its transaction.
package struct ChangeRequest: Sendable {
    var reference: WorkItemReference
    var command: WorkItemOperation
    var actor: Actor
    var answerKey: AnswerKey?
    /// An agent who will probably be concerned: locked together with the items, which saves a round trip.
    var likelyAgent: Int32?
    /// The item must be at one of these revisions (`If-Match`).
    var revisions: [Int64]?
    /// The caller may act on what this agent has, held or parked only; other items do not exist for the caller.
    var requiredAgent: AgentSettings?
    /// The caller may act on this source's items only.
    var requiredSource: Int32?

    /// Whether a repeat gets this outcome too. A pick that PostgreSQL refuses is no answer: the next one is tried.
    func keeps(_ outcome: ChangeOutcome) -> Bool {
        if case .refused = outcome, case .offer = command { return false }
        return true
    }

    package init(
        reference: WorkItemReference, command: WorkItemOperation, actor: Actor, answerKey: AnswerKey? = nil,
        likelyAgent: Int32? = nil
    ) {
        self.reference = reference
        self.command = command
        self.actor = actor
        self.answerKey = answerKey
        self.likelyAgent = likelyAgent
    }

    package func mayTouch(_ item: WorkItem) -> Bool {
        (requiredSource == nil || requiredSource == item.source)
            && (requiredAgent == nil || requiredAgent.map { item.belongs(to: $0) } == true)
    }
}

extension WorkItem {
    /// Whether an agent may act on it: it is with the agent, was held while it was, or lies in a workbin of the agent's.
    func belongs(to agent: AgentSettings) -> Bool {
        if assignee == agent.id || heldBy == agent.id { return true }
        // One that is held keeps the workbin that it was parked in.
        return workbin.map(agent.workbins.contains) ?? false
    }
}

/// What became of a command.
enum ChangeOutcome: Sendable {
    case changed(WorkItemChange)
    case unchanged(WorkItem)
    case refused(Refusal)
    /// The command came before; this was the answer.
    case repeated(StoredAnswer)
}

/// The kept answer of a command.
struct StoredAnswer: Sendable, Equatable {
    var status: Int
    var body: String
}
