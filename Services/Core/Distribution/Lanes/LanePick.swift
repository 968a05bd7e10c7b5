import Domain

import struct Foundation.UUID

/// The moment at which ranks are compared.
package struct LaneMoment: Sendable {
    package var now: Instant
    /// B(now) of every calendar version in force: business milliseconds.
    package var business: [Int32: Int64]

    package init(now: Instant, business: [Int32: Int64]) {
        self.now = now
        self.business = business
    }
}

/// The best item of a lane with its rank. Order is: unrounded priority (higher first), then age (higher first),
/// then arrival (lower first), then id as text.
package struct RankedHead: Sendable, Hashable {
    package var entry: LaneEntry
    package var priority: Double
    /// Business milliseconds.
    package var age: Int64
    /// Items waiting in the lane at that moment, this one included.
    package var laneSize: Int

    package init(entry: LaneEntry, priority: Double, age: Int64, laneSize: Int) {
        self.entry = entry
        self.priority = priority
        self.age = age
        self.laneSize = laneSize
    }

    /// Whether this one goes before the other.
    package func precedes(_ other: RankedHead) -> Bool {
        if priority != other.priority { return priority > other.priority }
        if age != other.age { return age > other.age }
        return entry.member.text < other.entry.member.text
    }
}

/// An agent who could have been given the item.
package struct EligibleAgent: Sendable, Hashable {
    package var id: Int32
    /// Milliseconds since 1970.
    package var idleSince: Int64

    package init(id: Int32, idleSince: Int64) {
        self.id = id
        self.idleSince = idleSince
    }
}

/// What set a pick off.
package enum PickTrigger: String, Sendable {
    /// An agent had free capacity.
    case agent
    /// An agent asked for the next item.
    case next
    /// Work arrived in a lane.
    case lane
}

/// Why this item and this agent.
package struct PickExplanation: Sendable, Hashable {
    package var trigger: PickTrigger
    /// Milliseconds since 1970.
    package var at: Int64
    /// B(at) of the calendar of the chosen item's lane.
    package var business: Int64
    package var chosen: RankedHead
    /// The best of the heads of all other lanes that the agent could have been given work from, in order, at most ten.
    package var competitors: [RankedHead]
    /// How many such lanes more there were.
    package var furtherLanes: Int
    /// The first agents who could have taken the chosen item, idle longest first, at most ten.
    package var agents: [EligibleAgent]
    package var furtherAgents: Int
    /// Items that this agent had just missed and that were therefore passed over.
    package var passedOver: [UUID]
    /// Endpoints that were at their limit, so that their lanes took no part.
    package var limitedEndpoints: [Int32]
}

/// An item taken out of its lane and reserved for an agent until PostgreSQL has answered.
package struct LanePick: Sendable, Hashable {
    package var agent: Int32
    package var entry: LaneEntry
    package var explanation: PickExplanation
}

/// Why a call made no further pick.
package enum PickEnd: String, Sendable {
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
package struct PickAnswer: Sendable {
    package var picks: [LanePick]
    /// One for an agent; one for each lane in the order given (lanes that were not reached: `.more`).
    package var ends: [PickEnd]
    package var epoch: LaneEpoch
}

/// Whether the lanes are whole.
package enum LaneEpoch: Sendable, Hashable {
    /// Complete; the text that the last rebuild wrote.
    case complete(String)
    /// A rebuild is under way: picks go on among the lanes that are there already.
    case rebuilding
    /// Redis was emptied. Nothing is picked until a rebuild has begun; additions still take effect.
    case missing
}
