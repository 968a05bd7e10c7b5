import Coordination
import Domain

import struct Foundation.UUID

/// An item in an agent's hands.
public struct AgentItem: Sendable, Hashable {
    public var agent: Int32
    public var item: UUID

    public init(agent: Int32, item: UUID) {
        self.agent = agent
        self.item = item
    }
}

/// What becomes of an agent's place in the row of those who wait for work.
public enum IdleChange: Sendable, Hashable {
    case keep
    /// From this moment on, in milliseconds since 1970.
    case since(Instant)
    /// As before the reservation, which came to nothing.
    case restore
}

/// An item given back.
public struct Release: Sendable {
    public var agent: Int32
    public var item: UUID
    public var idle: IdleChange
    /// Whether what was only reserved returns to its lane, in the same step.
    public var returnsToLane: Bool

    public init(agent: Int32, item: UUID, idle: IdleChange, returnsToLane: Bool = false) {
        self.agent = agent
        self.item = item
        self.idle = idle
        self.returnsToLane = returnsToLane
    }
}

/// The answer to one release.
public struct Released: Sendable, Hashable {
    /// Capacity units given back; 0 when the agent did not hold the item.
    public var weight: Int
    /// Whether the agent is ready with free capacity: pick for the agent.
    public var mayTakeMore: Bool
}

/// An item that was taken out of its lane for an agent, and about which PostgreSQL has the last word.
public struct Reservation: Sendable, Hashable {
    public var agent: Int32
    public var entry: LaneEntry

    public init(agent: Int32, entry: LaneEntry) {
        self.agent = agent
        self.entry = entry
    }
}

extension LaneStore {
    /// PostgreSQL confirmed the reservations: the items are offered. What is not held stays so.
    /// - Returns: for each the stage it had before, nil when it was not held.
    @discardableResult
    public func confirm(_ items: [AgentItem]) async throws -> [HeldStage?] { try await settle(items, as: .offered) }

    /// The agents accepted: the items are no longer recalled.
    /// - Returns: for each the stage it had before, nil when it was not held.
    @discardableResult
    public func accept(_ items: [AgentItem]) async throws -> [HeldStage?] { try await settle(items, as: .accepted) }

    /// PostgreSQL refused the reservations: claim and capacity are given back, the agents stand where they stood.
    /// - Parameter queued: those that PostgreSQL says are queued as they were reserved; they return to their lanes in the
    ///   same step. One that is queued at another revision is added by who made that.
    @discardableResult
    public func refuse(_ items: [AgentItem], queued: Set<UUID> = []) async throws -> [Released] {
        try await release(
            items.map {
                Release(agent: $0.agent, item: $0.item, idle: .restore, returnsToLane: queued.contains($0.item))
            })
    }

    /// Items leave agents' hands, for whatever reason. Repeating it changes nothing.
    @discardableResult
    public func release(_ releases: [Release]) async throws -> [Released] {
        guard !releases.isEmpty else { return [] }
        var arguments: [RedisArgument] = []
        for release in releases {
            arguments.append(.integer(Int64(release.agent)))
            arguments.append(.string(LaneText.hex(release.item)))
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

    /// Items come into agents' hands other than by a pick: assigned, transferred, taken back from a workbin.
    /// They count even beyond the agent's capacity. The entries are not taken out of lanes.
    public func hold(_ items: [(agent: Int32, held: HeldItem)]) async throws {
        guard !items.isEmpty else { return }
        try await run(LaneScripts.hold, items.flatMap { $0.held.arguments + [.integer(Int64($0.agent))] })
    }

    /// Reservations whose deadline has passed, oldest first. Ask PostgreSQL about each, then `confirm` or `refuse`.
    public func overdueReservations(at now: Instant, most: Int = 256) async throws -> [Reservation] {
        var reply = LaneReply(
            try await run(LaneScripts.overdue, [.integer(now.milliseconds), .integer(Int64(most))]))
        var overdue: [Reservation] = []
        while !reply.isAtEnd {
            let agent = try reply.id()
            _ = try reply.text()
            let anchor = try reply.integer()
            let member = try reply.member()
            overdue.append(
                Reservation(agent: agent, entry: LaneEntry(lane: try reply.lane(), anchor: anchor, member: member)))
        }
        return overdue
    }

    private func settle(_ items: [AgentItem], as stage: HeldStage) async throws -> [HeldStage?] {
        guard !items.isEmpty else { return [] }
        var arguments: [RedisArgument] = [.string(stage.rawValue)]
        for item in items {
            arguments.append(.integer(Int64(item.agent)))
            arguments.append(.string(LaneText.hex(item.item)))
        }
        var reply = LaneReply(try await run(LaneScripts.settle, arguments))
        return try reply.text().map { HeldStage(rawValue: String($0)) }
    }
}

extension HeldItem {
    /// stage, anchor, member, lane
    var arguments: [RedisArgument] {
        [
            .string(stage.rawValue), .integer(entry.anchor), .string(entry.member.text), .string(entry.lane.name),
        ]
    }
}
