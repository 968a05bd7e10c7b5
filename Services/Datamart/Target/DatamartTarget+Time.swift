import Domain
import Foundation
import Projection
import Storage

/// What time alone changes: items grow older and become overdue, agents go on being what they are.
extension DatamartTarget {
    /// Items of one transaction.
    private static let page: Int64 = 2000
    /// The furthest that time is brought on in one call, so that a mart that stood still for a year comes back in steps.
    private static let stride: Int64 = 7 * 86_400_000

    /// Counts what time has changed up to an instant, in transactions of their own under the fence.
    /// - Returns: how many rows of items and agents were changed, and whether the instant was reached.
    package func passTime(through instant: Instant, fence: TermFence) async throws -> (rows: Int, isDone: Bool) {
        var changed = 0
        let known = try await pool.query("SELECT swept_through, event_at FROM projection_progress")[0]
        guard let event = try known[1].nullable?.milliseconds else { return (0, true) }
        let swept = try known[0].milliseconds
        let goal = min(instant.milliseconds, max(swept, event) + Self.stride)
        guard goal > swept else { return (0, true) }
        while true {
            try Task.checkCancellation()
            let (rows, isLast) = try await passTime(to: goal, fence)
            changed += rows
            if isLast { return (changed, goal == instant.milliseconds) }
        }
    }

    /// One page of items; the last page brings the agents and the mark itself on.
    private func passTime(to goal: Int64, _ fence: TermFence) async throws -> (rows: Int, isLast: Bool) {
        try await enter()
        defer { gate.leave() }
        let settings = try await currentSettings(for: 0, fence: fence)
        var memory = try await remembered(fence, settings)
        self.memory = nil
        memory.contributions.clear()
        let rows = try await pool.batch([LoadStates.due(through: goal, limit: Self.page)])[0]
        var states: [TaskState] = []
        for row in rows {
            let loaded = try LoadStates.task(row)
            var state = memory.tasks[loaded.item] ?? loaded
            memory.fold.passTime(&state, through: max(goal, state.countedThrough), &memory.contributions)
            if memory.tasks[state.item] != nil { memory.tasks[state.item] = state }
            states.append(state)
        }
        let isLast = rows.count < Int(Self.page)
        var agents: [AgentState] = []
        if isLast {
            for (key, var state) in memory.agents where state.countedThrough < goal {
                let counts = state.use != nil
                memory.agentFold.passTime(&state, through: goal, &memory.contributions)
                memory.agents[key] = state
                if counts { agents.append(state) }
            }
            memory.fold.sweptThrough = goal
            memory.agentFold.sweptThrough = goal
        }
        var statements = memory.partitions.statements(facts: [], memory.contributions)
        if !states.isEmpty { statements.append(Self.counting(states)) }
        if !agents.isEmpty { statements.append(WriteTasks.agents(agents)) }
        statements += WriteAggregates.statements(memory.contributions)
        if isLast {
            statements.append(
                SQLStatement(
                    "UPDATE projection_progress SET swept_through = $1", [.timestamp(milliseconds: goal)]))
        }
        _ = try await write(statements, by: memory.position, fence)
        memory.contributions.clear()
        self.memory = memory
        return (states.count + agents.count, isLast)
    }

    private static func counting(_ states: [TaskState]) -> SQLStatement {
        SQLStatement(
            """
            UPDATE task_fact t SET counted_through = u.counted, next_change_at = u.next
            FROM unnest($1, $2, $3) AS u(item, counted, next) WHERE t.item = u.item
            """,
            [
                .uuids(states.map(\.item)), .timestamps(milliseconds: states.map(\.countedThrough)),
                instants(states.map(\.nextChange)),
            ])
    }
}
