import Coordination
import Domain

import struct Foundation.UUID

extension LaneStore {
    /// Gives an agent the best items that the agent may take, until the capacity is used, nothing is left or `most` are picked.
    ///
    /// Each is taken out of its lane and reserved; then PostgreSQL is asked and `confirm` or `refuse` called.
    /// - Parameters:
    ///   - trigger: `.agent` picks for ready agents only; `.next` also for one who is not ready (a pull).
    ///   - deadline: when a reservation without an answer from PostgreSQL counts as overdue.
    ///   - most: bounds the time that Redis is held; at most 16.
    /// - Throws: `LaneError.unknownCalendar` and `.unknownCurve` before anything is changed.
    package func pick(
        agent: Int32, trigger: PickTrigger = .agent, at moment: LaneMoment, deadline: Instant, most: Int = 16
    ) async throws -> PickAnswer {
        let arguments = Self.arguments(moment, deadline, most)
        let reply = try await runWithCurves(
            LaneScripts.pick, arguments + [.integer(Int64(agent)), trigger == .next ? "n" : "a"])
        return try Self.answer(reply, trigger: trigger, at: moment)
    }

    /// Looks for agents for the work of lanes: the agent idle longest of those who may take the lane's items gets the
    /// best item of all lanes that this agent may take from, which can be another lane's; and so on.
    /// - Parameter lanes: as `LaneAddition.lanesToMatch` gave them; at most a few hundred.
    /// - Throws: `LaneError.unknownCalendar` and `.unknownCurve` before anything is changed.
    package func match(
        lanes: [LaneKey], at moment: LaneMoment, deadline: Instant, most: Int = 16
    ) async throws -> PickAnswer {
        let arguments = Self.arguments(moment, deadline, most)
        let reply = try await runWithCurves(LaneScripts.match, arguments + lanes.map { .string($0.name) })
        return try Self.answer(reply, trigger: .lane, at: moment)
    }

    /// Passes the item over in picks for this agent until then. Of an agent's missed items the sixteen latest count.
    package func passOver(item: UUID, agent: Int32, until: Instant, now: Instant) async throws {
        try await run(
            LaneScripts.miss,
            [
                .integer(Int64(agent)), .string(LaneText.hex(item)), .integer(until.milliseconds),
                .integer(now.milliseconds),
            ])
    }

    private static func arguments(_ moment: LaneMoment, _ deadline: Instant, _ most: Int) -> [RedisArgument] {
        [
            .integer(moment.now.milliseconds), .string(moment.businessText), .integer(deadline.milliseconds),
            .integer(Int64(max(1, min(16, most)))),
        ]
    }

    private static func answer(
        _ reply: LaneReply, trigger: PickTrigger, at moment: LaneMoment
    ) throws -> PickAnswer {
        var reply = reply
        let ends = try reply.text().map { PickEnd(rawValue: String($0)) ?? .nothingToPick }
        var answer = PickAnswer(picks: [], ends: ends, epoch: reply.epoch)
        while !reply.isAtEnd {
            var row = LaneReply(try reply.next())
            answer.picks.append(try row.pick(trigger: trigger, at: moment))
        }
        if let lacking = reply.lacking {
            guard !answer.picks.isEmpty else { throw LaneError.lacking(lacking) }
            // What was picked stands; the next call meets the same gap first and throws.
            answer.ends = ends.map { $0 == .nothingToPick ? .more : $0 }
        }
        return answer
    }
}

extension LaneMoment {
    /// ` <calendar>=<B> <calendar>=<B> …`
    var businessText: String {
        var text = ""
        for (calendar, time) in business { text += " \(calendar)=\(time)" }
        return text
    }
}

extension LaneReply {
    fileprivate mutating func pick(trigger: PickTrigger, at moment: LaneMoment) throws(LaneError) -> LanePick {
        let agent = try id()
        let furtherLanes = try count()
        let allAgents = try count()
        let heads = try count()
        let chosen = try rankedHead(at: moment)
        var competitors: [RankedHead] = []
        for _ in 1..<max(1, heads) { competitors.append(try rankedHead(at: moment)) }
        var agents: [EligibleAgent] = []
        for _ in 0..<(try count()) { agents.append(EligibleAgent(id: try id(), idleSince: try integer())) }
        var passedOver: [UUID] = []
        for _ in 0..<(try count()) { passedOver.append(try uuid()) }
        var limited: [Int32] = []
        for _ in 0..<(try count()) { limited.append(try id()) }
        let explanation = PickExplanation(
            trigger: trigger, at: moment.now.milliseconds, business: chosen.entry.anchor + chosen.age,
            chosen: chosen, competitors: competitors,
            furtherLanes: furtherLanes, agents: agents, furtherAgents: max(0, allAgents - agents.count),
            passedOver: passedOver, limitedEndpoints: limited)
        return LanePick(agent: agent, entry: chosen.entry, explanation: explanation)
    }
}
