import Domain
import Foundation
import Storage

/// Agents' declared states: rows, changed with their event in one transaction.
struct AgentStates: Sendable {
    let runtime: TenantRuntime

    /// The same where nobody waits for an answer.
    func set(_ state: AgentState, of agent: Int32, actor: Actor, reason: String?, at now: Instant) async throws {
        _ = try await set(state, of: agent, actor: actor, reason: reason, answerKey: nil, at: now) { _ in .nothing }
    }

    /// - Parameters:
    ///   - answerKey: keeps the answer for repeats, which change nothing.
    ///   - answer: of the agent's row afterwards; nil when there is none.
    func set(
        _ state: AgentState, of agent: Int32, actor: Actor, reason: String?, answerKey: AnswerKey?, at now: Instant,
        answer: @Sendable (AgentRow?) throws -> StoredAnswer
    ) async throws -> StoredAnswer {
        let tenant = runtime.tenant
        let snapshot = runtime.snapshot
        let outcome =
            try await KeptAnswers(runtime).once(answerKey, at: now) { transaction in
                let rows = try await transaction.query(
                    "SELECT \(AgentRow.columns) FROM agent WHERE tenant = $1 AND id = $2 FOR UPDATE",
                    [.int4(tenant), .int4(agent)])
                var ledger = AgentLedger(try rows.map { try AgentRow(row: $0) })
                ledger.setState(state, of: agent, at: now, actor: actor, reason: reason)
                guard let change = ledger.stateChanges.first else { return (nil, try answer(ledger[agent])) }
                let results = try await transaction.pipeline([
                    AgentRow.update(ledger.changedRows, tenant: tenant),
                    WorkItemEvents.insertion(
                        of: [
                            WorkItemEvents.event(
                                of: change.agent, from: change.from, actor: actor, reason: reason, in: snapshot)
                        ], tenant: tenant, at: now, laned: false),
                ])
                return ((change.agent, try results[1][0, 0].int64), try answer(change.agent))
            } as (done: (AgentRow, Int64)?, answer: StoredAnswer)
        if let (row, batch) = outcome.done { runtime.after(.changed([], agents: [row], batch: batch)) }
        return outcome.answer
    }
}
