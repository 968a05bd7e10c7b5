import Domain
import Foundation
import Storage

/// Agents' declared states: rows, changed with their event in one transaction.
struct AgentStates: Sendable {
    let runtime: TenantRuntime

    /// - Returns: the agent's row afterwards.
    func set(_ state: AgentState, of agent: Int32, actor: Actor, reason: String?, at now: Instant) async throws -> AgentRow? {
        let tenant = runtime.tenant
        let snapshot = runtime.snapshot
        let (row, batch): (AgentRow?, Int64?) = try await runtime.dependencies.pool.transaction(tenant: tenant) { transaction in
            let rows = try await transaction.query(
                "SELECT \(AgentRow.columns) FROM agent WHERE tenant = $1 AND id = $2 FOR UPDATE",
                [.int4(tenant), .int4(agent)])
            guard let row = rows.first else { return (nil, nil) }
            var ledger = AgentLedger([try AgentRow(row: row)])
            ledger.setState(state, of: agent, at: now, actor: actor, reason: reason)
            guard let change = ledger.stateChanges.first else { return (ledger[agent], nil) }
            let results = try await transaction.commit(with: [
                AgentRow.update(ledger.changedRows, tenant: tenant),
                WorkItemEvents.insertion(
                    of: [
                        WorkItemEvents.event(
                            of: change.agent, from: change.from, actor: actor, reason: reason, in: snapshot)
                    ], tenant: tenant, at: now, laned: false),
            ])
            return (ledger[agent], try results[1][0, 0].int64)
        }
        if let row, batch != nil { runtime.after(.changed([], agents: [row], batch: batch)) }
        return row
    }
}
