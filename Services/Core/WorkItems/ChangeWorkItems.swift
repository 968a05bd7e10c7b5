import Domain
import Foundation
import Storage

/// The one way in which items that exist change: lock, decide, write item, event and outbox in one transaction.
///
/// Locks are taken items first, then agents, each in the order of their ids, so that transactions wait but do not deadlock.
struct ChangeWorkItems: Sendable {
    let pool: PostgresPool
    let tenant: Int32

    /// What a transaction did, for those who act on it after the commit.
    struct Committed: Sendable {
        var outcomes: [ChangeOutcome]
        var changes: [WorkItemChange]
        var agents: [AgentRow]
        var stateChangedAgents: Set<Int32>
        /// The outbox batch whose lane changes are still to be made; nil when there are none.
        var batch: Int64?
    }

    func perform(_ requests: [ChangeRequest], in snapshot: TenantSnapshot, at now: Instant) async throws -> Committed {
        for _ in 0..<3 {
            do {
                return try await attempt(requests, in: snapshot, at: now)
            } catch let error as StorageError where error.code == .uniqueViolation(constraint: "command_answer_pkey") {
                // Another instance answered the same key meanwhile; now its answer is found and repeated.
                continue
            }
        }
        return try await attempt(requests, in: snapshot, at: now)
    }

    private func attempt(
        _ requests: [ChangeRequest], in snapshot: TenantSnapshot, at now: Instant
    ) async throws -> Committed {
        try await pool.transaction(tenant: tenant) { transaction in
            let locked = try await lock(requests, in: snapshot, on: transaction)
            var decided = decide(requests, locked: locked, in: snapshot, at: now)
            guard !decided.changes.isEmpty || !decided.newAnswers.isEmpty || !decided.desk.agents.changed.isEmpty else {
                return decided.committed
            }
            try await write(&decided, in: snapshot, at: now, on: transaction)
            return decided.committed
        }
    }

    // MARK: Deciding

    struct Decided {
        var desk: CommandDesk
        var outcomes: [ChangeOutcome] = []
        var changes: [WorkItemChange] = []
        var newAnswers: [(AnswerKey, StoredAnswer)] = []
        var batch: Int64?

        var committed: Committed {
            Committed(
                outcomes: outcomes, changes: changes, agents: desk.agents.changedRows,
                stateChangedAgents: Set(desk.agents.stateChanges.map(\.agent.id)), batch: batch)
        }
    }

    func decide(
        _ requests: [ChangeRequest], locked: Locked, in snapshot: TenantSnapshot, at now: Instant
    ) -> Decided {
        var items = locked.items
        var answers = locked.answers
        var decided = Decided(
            desk: CommandDesk(
                snapshot: snapshot, now: now, agents: AgentLedger(locked.agents), endpointLoads: locked.endpointLoads))
        for request in requests {
            let outcome: ChangeOutcome
            if let key = request.answerKey, let known = answers[key.lookup] {
                outcome =
                    known.digest == key.digest
                    ? .repeated(known.answer)
                    : .refused(Refusal(.contentMismatch, "Another request came under the key \(key.key) before."))
            } else if let id = locked.id(of: request.reference), let item = items[id], request.mayTouch(item) {
                if let revisions = request.revisions, !revisions.contains(Int64(item.revision)) {
                    decided.outcomes.append(
                        .refused(Refusal(.revisionMismatch, "The item is at revision \(item.revision); read it again."))
                    )
                    continue
                }
                switch decided.desk.decide(request.command, on: item, by: request.actor) {
                case .changed(let change):
                    items[id] = change.after
                    decided.changes.append(change)
                    outcome = .changed(change)
                case .unchanged: outcome = .unchanged(item)
                case .refused(let refusal): outcome = .refused(refusal)
                }
            } else {
                outcome = .refused(Refusal(.notFound, "There is no such work item."))
            }
            if let key = request.answerKey, answers[key.lookup] == nil, request.keeps(outcome) {
                let answer = WorkItemAnswer.stored(for: outcome, in: snapshot, at: now)
                decided.newAnswers.append((key, answer))
                answers[key.lookup] = (key.digest, answer)
            }
            decided.outcomes.append(outcome)
        }
        return decided
    }
}

extension AnswerKey {
    struct Lookup: Hashable {
        var source: String
        var key: String
    }
    var lookup: Lookup { Lookup(source: source, key: key) }
}
