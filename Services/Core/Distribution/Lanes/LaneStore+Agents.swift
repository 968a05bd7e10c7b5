import Coordination
import Domain

/// The answer of `setAgent`.
package struct AgentPlacement: Sendable, Hashable {
    /// False: Redis knows a later revision of the agent.
    package var applied: Bool
    /// Whether the agent is ready with free capacity: pick for the agent.
    package var mayTakeMore: Bool

    package init(applied: Bool, mayTakeMore: Bool) {
        self.applied = applied
        self.mayTakeMore = mayTakeMore
    }
}

extension LaneStore {
    /// Makes an agent's row known. The same or a later revision replaces what Redis knows, an earlier one is ignored;
    /// of two times since when the agent is idle the later counts.
    @discardableResult
    package func setAgent(_ agent: LaneAgent) async throws -> AgentPlacement {
        try await setAgents([agent]).first ?? AgentPlacement(applied: false, mayTakeMore: false)
    }

    /// As `setAgent`, for many in few round trips; each agent is a script of its own.
    /// A profile that is new takes milliseconds when there are thousands of lanes, hence the small portions.
    @discardableResult
    package func setAgents(_ agents: [LaneAgent]) async throws -> [AgentPlacement] {
        var placements: [AgentPlacement] = []
        for chunk in agents.chunks(of: 32) {
            let calls = chunk.map { agent in
                RedisScriptCall(LaneScripts.setAgent, keys: [.string(base)], arguments: agent.arguments)
            }
            for answer in try await redis.evaluatePipelined(calls) {
                var reply = LaneReply(try answer.orThrow())
                placements.append(
                    AgentPlacement(applied: try reply.integer() == 1, mayTakeMore: try reply.integer() == 1))
            }
        }
        return placements
    }

    /// Forgets an agent who is no longer in the configuration, with everything held.
    /// - Parameter revision: one whom Redis knows at this revision or a later one stays: somebody has a newer configuration.
    /// - Returns: whether the agent was known, and is not any more.
    @discardableResult
    package func forgetAgent(_ id: Int32, before revision: Int64) async throws -> Bool {
        try await run(LaneScripts.forgetAgent, [.integer(Int64(id)), .integer(revision)]).integerValue == 1
    }

    /// Notes a sign of life: a poll, a stream or a heartbeat.
    /// - Parameter onlyNew: of agents never seen only.
    package func noteSeen(_ agents: [Int32], at now: Instant, onlyNew: Bool = false) async throws {
        guard !agents.isEmpty else { return }
        var command: [RedisArgument] = ["ZADD", key("seen"), onlyNew ? "NX" : "GT"]
        for agent in agents {
            command.append(.integer(now.milliseconds))
            command.append(.integer(Int64(agent)))
        }
        try await redis.command(command)
    }

    /// Agents last seen before `moment`, longest ago first. Agents never seen are not among them.
    package func unseenAgents(since moment: Instant, most: Int = 1000) async throws -> [Int32] {
        let reply = try await redis.command([
            "ZRANGEBYSCORE", key("seen"), "-inf", .string("(\(moment.milliseconds)"), "LIMIT", 0, .integer(Int64(most)),
        ])
        return (reply.elements ?? []).compactMap { $0.integerValue.flatMap(Int32.init(exactly:)) }
    }

    /// Stops watching for signs of life of agents who are offline.
    package func forgetSeen(_ agents: [Int32]) async throws {
        guard !agents.isEmpty else { return }
        try await redis.command(["ZREM", key("seen")] + agents.map { .integer(Int64($0)) })
    }
}

extension LaneAgent {
    fileprivate var arguments: [RedisArgument] {
        [
            .integer(Int64(id)), .integer(revision), .string(readiness.rawValue), .integer(Int64(capacity)),
            .string(profile.text), .integer(idleSince),
        ]
    }
}
