import Coordination
import Domain
import Foundation
import Storage

/// Agents without a sign of life are set offline. What agents have who do not work goes back to the queue: offers at once,
/// assigned items of who is offline after the endpoint's `returnAfter`, everything of who is no longer configured.
struct WatchPresence: Sendable {
    let runtime: TenantRuntime

    func step(at now: Instant) async throws {
        let silence = runtime.dependencies.agentSilence
        let since = now - Int64(silence.seconds * 1000)
        let unseen = try await runtime.lanes.unseenAgents(since: since)
        if !unseen.isEmpty {
            // Who has just come back may not be noted as seen yet.
            let agents = try await runtime.queries.agents(unseen)
                .filter { $0.state == .offline || $0.stateSince < since }
            for agent in agents where agent.state != .offline {
                try await AgentStates(runtime: runtime).set(
                    .offline, of: agent.id, actor: .presence, reason: "no sign of life for \(Int(silence.seconds)) s",
                    at: now)
            }
            try await runtime.lanes.forgetSeen(agents.map(\.id))
        }
        try await returnItems(at: now)
    }

    private func returnItems(at now: Instant) async throws {
        let snapshot = runtime.snapshot
        let busy = try await runtime.queries.busyAgents()
        for agent in busy where snapshot.agents[agent.id] == nil && agent.state != .offline {
            try await AgentStates(runtime: runtime).set(
                .offline, of: agent.id, actor: .configuration, reason: "no longer in the configuration", at: now)
        }
        let away = busy.filter { $0.state != .ready || snapshot.agents[$0.id] == nil }
        guard !away.isEmpty else { return }
        let rows = Dictionary(away.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        var requests: [ChangeRequest] = []
        for item in try await runtime.queries.out(of: away.map(\.id)) {
            guard let agent = item.assignee, let row = rows[agent] else { continue }
            let evenAssigned = mayTake(item, from: row, at: now, in: snapshot)
            guard item.status == .offered || evenAssigned else { continue }
            requests.append(
                ChangeRequest(
                    reference: .id(item.id), command: .withdraw(agent: agent, evenAssigned: evenAssigned),
                    actor: .presence, likelyAgent: agent))
        }
        try await runtime.change(requests)
    }

    /// Whether an item that its agent has accepted goes to others.
    private func mayTake(_ item: WorkItem, from agent: AgentRow, at now: Instant, in snapshot: TenantSnapshot) -> Bool {
        if snapshot.agents[agent.id] == nil { return true }
        let patience = item.endpoint.flatMap { snapshot.endpoints[$0]?.returnAfter } ?? 300_000
        // Who is offline may be given work; patience begins when it came, or was last changed.
        return agent.state == .offline && max(agent.stateSince, item.updatedAt) + patience <= now
    }
}
