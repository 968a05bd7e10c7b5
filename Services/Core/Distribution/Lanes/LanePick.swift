import Domain

import struct Foundation.UUID

/// The moment at which ranks are compared.
public struct LaneMoment: Sendable {
    public var now: Instant
    /// B(now) of every calendar version in force: business milliseconds.
    public var business: [Int32: Int64]

    public init(now: Instant, business: [Int32: Int64]) {
        self.now = now
        self.business = business
    }
}

/// The best item of a lane with its rank. Order is: unrounded priority (higher first), then age (higher first),
/// then arrival (lower first), then id as text.
public struct RankedHead: Sendable, Hashable {
    public var entry: LaneEntry
    public var priority: Double
    /// Business milliseconds.
    public var age: Int64
    /// Items waiting in the lane at that moment, this one included.
    public var laneSize: Int

    public init(entry: LaneEntry, priority: Double, age: Int64, laneSize: Int) {
        self.entry = entry
        self.priority = priority
        self.age = age
        self.laneSize = laneSize
    }

    /// Whether this one goes before the other.
    public func precedes(_ other: RankedHead) -> Bool {
        if priority != other.priority { return priority > other.priority }
        if age != other.age { return age > other.age }
        return entry.member.text < other.entry.member.text
    }
}

/// An agent who could have been given the item.
public struct EligibleAgent: Sendable, Hashable {
    public var id: Int32
    /// Milliseconds since 1970.
    public var idleSince: Int64

    public init(id: Int32, idleSince: Int64) {
        self.id = id
        self.idleSince = idleSince
    }
}

/// What set a pick off.
public enum PickTrigger: String, Sendable {
    /// An agent had free capacity.
    case agent
    /// An agent asked for the next item.
    case next
    /// Work arrived in a lane.
    case lane
}

/// Why this item and this agent.
public struct PickExplanation: Sendable, Hashable {
    public var trigger: PickTrigger
    /// Milliseconds since 1970.
    public var at: Int64
    /// B(at) of the calendar of the chosen item's lane.
    public var business: Int64
    public var chosen: RankedHead
    /// The best of the heads of all other lanes that the agent could have been given work from, in order, at most ten.
    public var competitors: [RankedHead]
    /// How many such lanes more there were.
    public var furtherLanes: Int
    /// The first agents who could have taken the chosen item, idle longest first, at most ten.
    public var agents: [EligibleAgent]
    public var furtherAgents: Int
    /// Items that this agent had just missed and that were therefore passed over.
    public var passedOver: [UUID]
    /// Endpoints that were at their limit, so that their lanes took no part.
    public var limitedEndpoints: [Int32]
}

/// An item taken out of its lane and reserved for an agent until PostgreSQL has answered.
public struct LanePick: Sendable, Hashable {
    public var agent: Int32
    public var entry: LaneEntry
    public var explanation: PickExplanation
}

/// Why a call made no further pick.
public enum PickEnd: String, Sendable {
    /// The lane (or every lane of the agent) is empty, or all of it is at a limit or passed over.
    case nothingToPick = "n"
    /// No agent who may take the lane's items is ready with enough free capacity; of an agent: not ready or full.
    case noAgent = "a"
    /// The lane's endpoint is at its limit.
    case limit = "l"
    /// As many picks as one call may make: call again.
    case more = "m"
}

/// The answer of `pick` and `match`.
public struct PickAnswer: Sendable {
    public var picks: [LanePick]
    /// One for an agent; one for each lane in the order given (lanes that were not reached: `.more`).
    public var ends: [PickEnd]
    public var epoch: LaneEpoch
}

/// Whether the lanes are whole.
public enum LaneEpoch: Sendable, Hashable {
    /// Complete; the text that the last rebuild wrote.
    case complete(String)
    /// A rebuild is under way: picks go on among the lanes that are there already.
    case rebuilding
    /// Redis was emptied. Nothing is picked until a rebuild has begun; additions still take effect.
    case missing
}
