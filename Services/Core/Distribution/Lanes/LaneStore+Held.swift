import Coordination
import Domain

import struct Foundation.UUID

/// What PostgreSQL says of an item and an agent at one of the item's revisions.
package struct AgentItem: Sendable, Hashable {
    package var agent: Int32
    package var item: UUID
    /// What Redis knows of a later revision stays as it is: steps may come in any order.
    package var revision: Int32

    package init(agent: Int32, item: UUID, at revision: Int32) {
        self.agent = agent
        self.item = item
        self.revision = revision
    }
}

/// What becomes of an agent's place in the row of those who wait for work.
package enum IdleChange: Sendable, Hashable {
    case keep
    /// From this moment on, unless the present one is later.
    case since(Instant)
    /// As before the reservation, which came to nothing. What is more than reserved stays with the agent.
    case restore
}

/// An item given back.
package struct Release: Sendable {
    /// The agent, the item and the revision from which on the agent does not have it.
    package var held: AgentItem
    package var idle: IdleChange
    /// Whether what was only reserved returns to its lane, in the same step.
    package var returnsToLane: Bool

    package init(_ held: AgentItem, idle: IdleChange, returnsToLane: Bool = false) {
        self.held = held
        self.idle = idle
        self.returnsToLane = returnsToLane
    }
}

/// The answer to one release.
package struct Released: Sendable, Hashable {
    /// Capacity units given back; 0 when the agent did not hold the item, or has it by a later revision.
    package var weight: Int
    /// Whether the agent is ready with free capacity: pick for the agent.
    package var mayTakeMore: Bool

    package init(weight: Int, mayTakeMore: Bool) {
        self.weight = weight
        self.mayTakeMore = mayTakeMore
    }
}

/// An item that was taken out of its lane for an agent, and about which PostgreSQL has the last word.
package struct Reservation: Sendable, Hashable {
    package var agent: Int32
    package var entry: LaneEntry

    package init(agent: Int32, entry: LaneEntry) {
        self.agent = agent
        self.entry = entry
    }
}

extension LaneStore {
    /// PostgreSQL confirmed the reservations: the items are offered. What is not held stays so.
    /// - Returns: for each the stage it had before, nil when it was not held.
    @discardableResult
    package func confirm(_ items: [AgentItem]) async throws -> [HeldStage?] { try await settle(items, as: .offered) }

    /// The agents accepted: the items are no longer recalled.
    /// - Returns: for each the stage it had before, nil when it was not held.
    @discardableResult
    package func accept(_ items: [AgentItem]) async throws -> [HeldStage?] { try await settle(items, as: .accepted) }

    /// PostgreSQL refused the reservations: claim and capacity are given back, the agents stand where they stood.
    /// What has been confirmed meanwhile stays.
    /// - Parameter queued: those that PostgreSQL says are queued as they were reserved; they return to their lanes in the
    ///   same step. One that is queued at another revision is added by who made that.
    @discardableResult
    package func refuse(_ items: [AgentItem], queued: Set<UUID> = []) async throws -> [Released] {
        try await release(
            items.map { Release($0, idle: .restore, returnsToLane: queued.contains($0.item)) })
    }

    /// Items leave agents' hands, for whatever reason. Repeating it changes nothing.
    @discardableResult
    package func release(_ releases: [Release]) async throws -> [Released] {
        guard !releases.isEmpty else { return [] }
        var arguments: [RedisArgument] = []
        for release in releases {
            arguments.append(contentsOf: release.held.arguments)
            switch release.idle {
            case .keep: arguments.append("k")
            case .restore: arguments.append("b")
            case .since(let instant): arguments.append(.integer(instant.milliseconds))
            }
            arguments.append(release.returnsToLane ? "1" : "0")
        }
        var reply = LaneReply(try await run(LaneScripts.release, arguments))
        var answers: [Released] = []
        for _ in releases { answers.append(Released(weight: try reply.count(), mayTakeMore: try reply.integer() == 1)) }
        return answers
    }

    /// Items come into agents' hands other than by a pick: assigned, transferred, taken back from a workbin, or lost by Redis.
    /// They count even beyond the agent's capacity. The entries are not taken out of lanes.
    ///
    /// As after a pick PostgreSQL has the last word: ask it and `confirm`, `accept` or `refuse`. Who dies before that leaves
    /// a reservation that will be overdue, and never a hold that nobody looks into.
    package func reserve(_ reservations: [Reservation], deadline: Instant) async throws {
        for chunk in reservations.chunks(of: 200) {
            var arguments: [RedisArgument] = [.integer(deadline.milliseconds)]
            for reservation in chunk {
                arguments.append(.integer(Int64(reservation.agent)))
                arguments.append(.integer(reservation.entry.anchor))
                arguments.append(.string(reservation.entry.member.text))
                arguments.append(.string(reservation.entry.lane.name))
            }
            try await run(LaneScripts.reserve, arguments)
        }
    }

    /// What Redis knows these agents to hold, reservations included.
    package func held(by agents: [Int32]) async throws -> [Int32: [UUID: HeldItem]] {
        var held: [Int32: [UUID: HeldItem]] = [:]
        for chunk in agents.chunks(of: 100) {
            var reply = LaneReply(try await run(LaneScripts.held, chunk.map { .integer(Int64($0)) }))
            while !reply.isAtEnd {
                let (agent, item) = try reply.heldItem()
                held[agent, default: [:]][item.entry.member.item] = item
            }
        }
        return held
    }

    /// Reservations whose deadline has passed, oldest first. Ask PostgreSQL about each, then `confirm` or `refuse`.
    package func overdueReservations(at now: Instant, most: Int = 256) async throws -> [Reservation] {
        var reply = LaneReply(
            try await run(LaneScripts.overdue, [.integer(now.milliseconds), .integer(Int64(most))]))
        var overdue: [Reservation] = []
        while !reply.isAtEnd {
            let (agent, item) = try reply.heldItem()
            overdue.append(Reservation(agent: agent, entry: item.entry))
        }
        return overdue
    }

    private func settle(_ items: [AgentItem], as stage: HeldStage) async throws -> [HeldStage?] {
        guard !items.isEmpty else { return [] }
        var arguments: [RedisArgument] = [.string(stage.rawValue)]
        for item in items { arguments.append(contentsOf: item.arguments) }
        var reply = LaneReply(try await run(LaneScripts.settle, arguments))
        return try reply.text().map { HeldStage(rawValue: String($0)) }
    }
}

extension AgentItem {
    /// agent, item, revision
    fileprivate var arguments: [RedisArgument] {
        [.integer(Int64(agent)), .string(LaneText.hex(item)), .integer(Int64(revision))]
    }
}

extension LaneReply {
    /// agent, stage, anchor, member, lane
    fileprivate mutating func heldItem() throws(LaneError) -> (agent: Int32, item: HeldItem) {
        let agent = try id()
        guard let stage = HeldStage(rawValue: try text()) else { throw unexpected }
        let anchor = try integer()
        let member = try member()
        return (agent, HeldItem(entry: LaneEntry(lane: try lane(), anchor: anchor, member: member), stage: stage))
    }
}
