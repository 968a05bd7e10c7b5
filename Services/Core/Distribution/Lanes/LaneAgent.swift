import struct Foundation.UUID

/// What an agent may take: agents with the same endpoints and skills share one profile, and with it one index of lane heads.
package struct AgentProfile: Sendable, Hashable {
    /// Endpoints served, ascending.
    package let endpoints: [Int32]
    /// Skills, ascending.
    package let skills: [Int32]

    package init(endpoints: [Int32], skills: [Int32]) {
        self.endpoints = Array(Set(endpoints)).sorted()
        self.skills = Array(Set(skills)).sorted()
    }

    /// Whether such an agent may take the lane's items, its preferred agent left aside.
    package func mayTake(_ lane: LaneKey) -> Bool {
        endpoints.contains(lane.endpoint) && lane.requiredSkills.allSatisfy(skills.contains)
    }

    /// `<endpoint>,<endpoint>;<skill>,<skill>`
    var text: String {
        endpoints.map(String.init).joined(separator: ",") + ";" + skills.map(String.init).joined(separator: ",")
    }
}

/// Whether offers may be made to an agent.
package enum AgentReadiness: String, Sendable, CaseIterable {
    case ready, notReady, offline
}

/// How far an item that counts against an agent's capacity has come.
package enum HeldStage: String, Sendable, CaseIterable {
    /// Picked; PostgreSQL has not answered yet.
    case reserved = "r"
    /// Confirmed by PostgreSQL and offered; may be recalled.
    case offered = "o"
    /// Accepted, or given by a supervisor: never recalled.
    case accepted = "x"
}

/// An item that an agent has: it takes the lane's weight of the agent's capacity and one place of the endpoint's limit.
package struct HeldItem: Sendable, Hashable {
    /// The lane that the item came from (or would wait in), its anchor and member there; the revision is that at which it
    /// waited or, when it came otherwise than by a pick, was with the agent. The preferred agent does not matter.
    package var entry: LaneEntry
    package var stage: HeldStage

    package init(entry: LaneEntry, stage: HeldStage) {
        self.entry = entry
        self.stage = stage
    }
}

/// An agent's row as the lanes need it.
package struct LaneAgent: Sendable, Hashable {
    package var id: Int32
    package var profile: AgentProfile
    /// Capacity units.
    package var capacity: Int32
    package var readiness: AgentReadiness
    /// Revision of the agent's row. A lower one than Redis knows is ignored.
    package var revision: Int64
    /// Milliseconds since 1970. Of the agents able to take an item the one with the lowest value gets it.
    package var idleSince: Int64

    package init(
        id: Int32, profile: AgentProfile, capacity: Int32, readiness: AgentReadiness, revision: Int64, idleSince: Int64
    ) {
        self.id = id
        self.profile = profile
        self.capacity = capacity
        self.readiness = readiness
        self.revision = revision
        self.idleSince = idleSince
    }
}
