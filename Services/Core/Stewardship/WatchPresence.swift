import Coordination
import Domain
import Foundation
import Storage

/// Agents without a sign of life are set offline; what agents who are offline have goes back to the queue:
/// offers at once, assigned items after the endpoint's `returnAfter`.
struct WatchPresence: Sendable {
    let runtime: TenantRuntime
    /// Without poll, stream or heartbeat for so long (milliseconds), an agent is gone.
    static let silence: Int64 = 60_000

    func step(at now: Instant) async throws {
        let unseen = try await runtime.lanes.unseenAgents(since: now - Self.silence)
        if !unseen.isEmpty {
            for agent in try await runtime.queries.agents(unseen) where agent.state != .offline {
                try await AgentStates(runtime: runtime).set(
                    .offline, of: agent.id, actor: .presence, reason: "no sign of life for \(Self.silence / 1000) s", at: now)
            }
            try await runtime.lanes.forgetSeen(unseen)
        }
        try await returnItems(at: now)
    }

    private func returnItems(at now: Instant) async throws {
        let snapshot = runtime.snapshot
        let gone = try await runtime.queries.agents(ofState: .offline, withLoad: true)
        guard !gone.isEmpty else { return }
        let since = Dictionary(gone.map { ($0.id, $0.stateSince) }, uniquingKeysWith: { $1 })
        var requests: [ChangeRequest] = []
        for item in try await runtime.queries.out(of: gone.map(\.id)) {
            guard let agent = item.assignee, let start = since[agent] else { continue }
            let patience = item.endpoint.flatMap { snapshot.endpoints[$0]?.returnAfter } ?? 300_000
            // Who is offline may be given work; patience begins when it came, or was last changed.
            let evenAssigned = max(start, item.updatedAt) + patience <= now
            guard item.status == .offered || evenAssigned else { continue }
            requests.append(
                ChangeRequest(
                    reference: .id(item.id), command: .withdraw(agent: agent, evenAssigned: evenAssigned),
                    actor: .presence, likelyAgent: agent))
        }
        for result in await runtime.changes.submit(all: requests) {
            if case .failure(let error) = result { throw error }
        }
    }
}
