import Domain

/// One version of a tenant's configuration as the service works with it: names resolved to ids, calendars compiled.
/// Immutable, and replaced as a whole when a configuration is applied; a class, because every request takes it in hand.
package final class TenantSnapshot: Sendable {
    package let tenant: Int32
    package let tenantName: String
    package let version: Int32
    package let configuration: TenantConfiguration
    package let names: ConfigurationNames
    /// By id; only what the active configuration names.
    package let endpoints: [Int32: EndpointSettings]
    package let agents: [Int32: AgentSettings]
    package let sources: [Int32: SourceSettings]
    package let placements: [Int32: Placement]
    /// By version id; every version that was ever applied, since waiting items may still be ranked by it.
    package let schemas: [Int32: PrioritySchema]
    package let calendars: [Int32: BusinessCalendar]
    /// The names of schema and calendar versions.
    package let schemaNames: [Int32: String]
    package let calendarNames: [Int32: String]
    /// Names of groups of agents.
    package let groups: Set<String>
    let tree: CategoryTree
    let placementsByPath: [String: Int32]

    /// The agent of that id in the configuration document; nil when the active configuration has none.
    func agent(named key: some StringProtocol) -> AgentSettings? { names.id(of: .agent, key).flatMap { agents[$0] } }

    /// The capacity that items of a channel take of an agent.
    package func weight(ofChannel channel: String?) -> Int32 {
        guard let channel else { return 1 }
        return channelWeights[channel] ?? 1
    }
    let channelWeights: [String: Int32]

    init(
        tenant: Int32, tenantName: String, version: Int32, configuration: TenantConfiguration,
        names: ConfigurationNames,
        endpoints: [Int32: EndpointSettings], agents: [Int32: AgentSettings], sources: [Int32: SourceSettings],
        placements: [Int32: Placement], schemas: [Int32: PrioritySchema], calendars: [Int32: BusinessCalendar],
        schemaNames: [Int32: String], calendarNames: [Int32: String], groups: Set<String>, tree: CategoryTree,
        placementsByPath: [String: Int32], channelWeights: [String: Int32]
    ) {
        self.tenant = tenant
        self.tenantName = tenantName
        self.version = version
        self.configuration = configuration
        self.names = names
        self.endpoints = endpoints
        self.agents = agents
        self.sources = sources
        self.placements = placements
        self.schemas = schemas
        self.calendars = calendars
        self.schemaNames = schemaNames
        self.calendarNames = calendarNames
        self.groups = groups
        self.tree = tree
        self.placementsByPath = placementsByPath
        self.channelWeights = channelWeights
    }

    /// What the category tree says of an item with these attributes; nil when no category takes it.
    func classify(_ attributes: JSONObject) -> Placement? {
        tree.category(for: attributes).flatMap { placementsByPath[$0.name] }.flatMap { placements[$0] }
    }
}

/// An endpoint as distribution uses it. Times in milliseconds.
package struct EndpointSettings: Sendable, Equatable {
    package let id: Int32
    package let name: String
    package let acceptWithin: Int64
    package let missedOffersUntilNotReady: Int32?
    /// How many of its items may be out at once.
    package let limit: Int32?
    /// How long an assigned item stays with an agent who has gone offline.
    package let returnAfter: Int64
}

/// An agent as distribution uses it.
package struct AgentSettings: Sendable, Equatable {
    package let id: Int32
    /// The id in the configuration document and on the wire.
    package let key: String
    package let name: String
    /// The `sub` of the agent's tokens.
    package let subject: String?
    package let skills: [Int32]
    package let endpoints: [Int32]
    /// Capacity units.
    package let capacity: Int32
    package let groups: [String]

    /// The name of the agent's own workbin.
    var workbin: String { Workbin.ofAgent(key) }

    /// All workbins that the agent may take from.
    var workbins: [String] { [workbin] + groups.map(Workbin.ofGroup) }
}

/// How workbins are named where items lie.
enum Workbin {
    private static let agentPrefix = "agent:"
    static func ofAgent(_ key: String) -> String { agentPrefix + key }
    /// The agent whose workbin it is; nil for a group's.
    static func agent(of bin: String) -> Substring? {
        bin.hasPrefix(agentPrefix) ? bin.dropFirst(agentPrefix.count) : nil
    }
    static func ofGroup(_ name: String) -> String { "group:\(name)" }
}

/// A source system as capture and publication use it.
package struct SourceSettings: Sendable {
    package let id: Int32
    package let name: String
    package let defaults: JSONObject
    package let definition: SourceConfiguration
}

/// What a category means for an item: where it goes and how it is ranked.
package struct Placement: Sendable, Equatable {
    package let category: Int32
    /// `Incidents/Major`
    package let path: String
    package let endpoint: Int32
    package let skills: [Int32]
    package let schemaVersion: Int32
    package let calendarVersion: Int32
    /// The channel of its items; nil lets each item's attribute say.
    package let channel: String?
    /// Business milliseconds.
    package let headStart: Int64
    /// Seconds of head start for each unit of business value.
    package let businessValueWeight: Double
    package let holdPausesSLA: Bool
    package let rejectWhenOverdue: Bool
    /// Milliseconds for which a preferred agent alone may take the item.
    package let preferredAgentFor: Int64
    /// What a customer's reply to an item that has ended does; nil leaves it to the mailbox.
    package var replyToFinal: ReplyToFinal?
    /// Whether a supervisor approves replies; nil leaves it to the mailbox.
    package var approveReplies: Bool?
    /// The template by which a first message is answered at once; nil leaves it to the mailbox.
    package var autoResponse: String?
}
