import Domain

/// One version of a tenant's configuration as the service works with it: names resolved to ids, calendars compiled.
/// Immutable, and replaced as a whole when a configuration is applied; a class, because every request takes it in hand.
public final class TenantSnapshot: Sendable {
    public let tenant: Int32
    public let tenantName: String
    public let version: Int32
    public let configuration: TenantConfiguration
    public let names: ConfigurationNames
    /// By id; only what the active configuration names.
    public let endpoints: [Int32: EndpointSettings]
    public let agents: [Int32: AgentSettings]
    public let sources: [Int32: SourceSettings]
    public let placements: [Int32: Placement]
    /// By version id; every version that was ever applied, since waiting items may still be ranked by it.
    public let schemas: [Int32: PrioritySchema]
    public let calendars: [Int32: BusinessCalendar]
    /// The names of schema and calendar versions.
    public let schemaNames: [Int32: String]
    public let calendarNames: [Int32: String]
    /// Names of groups of agents.
    public let groups: Set<String>
    let tree: CategoryTree
    let placementsByPath: [String: Int32]

    /// The agent of that id in the configuration document; nil when the active configuration has none.
    func agent(named key: some StringProtocol) -> AgentSettings? { names.id(of: .agent, key).flatMap { agents[$0] } }

    /// The capacity that items of a channel take of an agent.
    public func weight(ofChannel channel: String?) -> Int32 {
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
public struct EndpointSettings: Sendable, Equatable {
    public let id: Int32
    public let name: String
    public let acceptWithin: Int64
    public let missedOffersUntilNotReady: Int32?
    /// How many of its items may be out at once.
    public let limit: Int32?
    /// How long an assigned item stays with an agent who has gone offline.
    public let returnAfter: Int64
}

/// An agent as distribution uses it.
public struct AgentSettings: Sendable, Equatable {
    public let id: Int32
    /// The id in the configuration document and on the wire.
    public let key: String
    public let name: String
    /// The `sub` of the agent's tokens.
    public let subject: String?
    public let skills: [Int32]
    public let endpoints: [Int32]
    /// Capacity units.
    public let capacity: Int32
    public let groups: [String]

    /// The name of the agent's own workbin.
    var workbin: String { Workbin.ofAgent(key) }

    /// All workbins that the agent may take from.
    var workbins: [String] { [workbin] + groups.map(Workbin.ofGroup) }
}

/// How workbins are named where items lie.
enum Workbin {
    static func ofAgent(_ key: String) -> String { "agent:\(key)" }
    static func ofGroup(_ name: String) -> String { "group:\(name)" }
}

/// A source system as capture and publication use it.
public struct SourceSettings: Sendable {
    public let id: Int32
    public let name: String
    public let defaults: JSONObject
    public let definition: SourceConfiguration
}

/// What a category means for an item: where it goes and how it is ranked.
public struct Placement: Sendable, Equatable {
    public let category: Int32
    /// `Incidents/Major`
    public let path: String
    public let endpoint: Int32
    public let skills: [Int32]
    public let schemaVersion: Int32
    public let calendarVersion: Int32
    /// The channel of its items; nil lets each item's attribute say.
    public let channel: String?
    /// Business milliseconds.
    public let headStart: Int64
    /// Seconds of head start for each unit of business value.
    public let businessValueWeight: Double
    public let holdPausesSLA: Bool
    public let rejectWhenOverdue: Bool
    /// Milliseconds for which a preferred agent alone may take the item.
    public let preferredAgentFor: Int64
}
