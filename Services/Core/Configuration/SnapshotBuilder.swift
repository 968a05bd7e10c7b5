import Domain
import Storage

/// Puts a snapshot together: resolves the names of a configuration to ids.
package struct SnapshotBuilder {
    let tenant: Int32
    let name: String
    let version: Int32
    let configuration: TenantConfiguration
    package var names: [(kind: ConfigurationNames.Kind, id: Int32, name: String)] = []
    private var calendars: [Int32: BusinessCalendar] = [:]
    private var schemas: [Int32: PrioritySchema] = [:]
    private var calendarNames: [Int32: String] = [:]
    private var schemaNames: [Int32: String] = [:]
    private var calendarVersions: [VersionKey: Int32] = [:]
    private var schemaVersions: [VersionKey: Int32] = [:]

    private struct VersionKey: Hashable {
        var name: String
        var digest: [UInt8]
    }

    package init(tenant: Int32, name: String, version: Int32, configuration: TenantConfiguration) {
        self.tenant = tenant
        self.name = name
        self.version = version
        self.configuration = configuration
    }

    package mutating func add(calendar: BusinessCalendar, id: Int32, name: String, digest: [UInt8]) {
        calendars[id] = calendar
        calendarNames[id] = name
        calendarVersions[VersionKey(name: name, digest: digest)] = id
    }

    package mutating func add(schema: PrioritySchema, id: Int32, name: String, digest: [UInt8]) {
        schemas[id] = schema
        schemaNames[id] = name
        schemaVersions[VersionKey(name: name, digest: digest)] = id
    }

    package func build() throws -> TenantSnapshot {
        let names = ConfigurationNames(self.names)
        func id(_ kind: ConfigurationNames.Kind, _ name: String) throws -> Int32 {
            guard let id = names.id(of: kind, name) else {
                throw StorageError(.other, "\(kind.rawValue) \(name) of configuration \(version) has no id")
            }
            return id
        }
        var endpoints: [Int32: EndpointSettings] = [:]
        for endpoint in configuration.endpoints {
            let number = try id(.endpoint, endpoint.name)
            endpoints[number] = EndpointSettings(
                id: number, name: endpoint.name, acceptWithin: endpoint.acceptWithin,
                missedOffersUntilNotReady: endpoint.missedOffersUntilNotReady.map { Int32($0) },
                limit: endpoint.limit.map { Int32($0) }, returnAfter: endpoint.returnAfter)
        }
        var agents: [Int32: AgentSettings] = [:]
        for agent in configuration.agents {
            let number = try id(.agent, agent.id)
            agents[number] = AgentSettings(
                id: number, key: agent.id, name: agent.name, subject: agent.subject,
                skills: try agent.skills.map { try id(.skill, $0) }.sorted(),
                endpoints: try agent.endpoints.map { try id(.endpoint, $0) }.sorted(),
                capacity: Int32(agent.capacity), groups: agent.groups)
        }
        var sources: [Int32: SourceSettings] = [:]
        for source in configuration.sources {
            let number = try id(.source, source.name)
            sources[number] = SourceSettings(
                id: number, name: source.name, defaults: source.defaults, definition: source)
        }
        let tree = configuration.categoryTree()
        var placements: [Int32: Placement] = [:]
        var byPath: [String: Int32] = [:]
        for category in tree.categories {
            let number = try id(.category, category.name)
            byPath[category.name] = number
            placements[number] = Placement(
                category: number, path: category.name, endpoint: try id(.endpoint, category.endpoint),
                skills: try category.requiredSkills.map { try id(.skill, $0) }.sorted(),
                schemaVersion: try schemaVersion(category.schema),
                calendarVersion: try calendarVersion(category.calendar), channel: category.channel,
                headStart: category.headStart, businessValueWeight: category.businessValueWeight,
                holdPausesSLA: category.holdPausesSLA, rejectWhenOverdue: category.rejectWhenOverdue,
                preferredAgentFor: category.preferredAgentFor ?? 3_600_000,
                replyToFinal: category.replyToFinal, approveReplies: category.approveReplies,
                autoResponse: category.autoResponse)
        }
        return TenantSnapshot(
            tenant: tenant, tenantName: name, version: version, configuration: configuration, names: names,
            endpoints: endpoints, agents: agents, sources: sources, placements: placements, schemas: schemas,
            calendars: calendars, schemaNames: schemaNames, calendarNames: calendarNames,
            groups: Set(configuration.groups), tree: tree, placementsByPath: byPath,
            channelWeights: Dictionary(
                configuration.channels.map { ($0.name, Int32($0.weight)) }, uniquingKeysWith: { $1 }))
    }

    private func schemaVersion(_ name: String) throws -> Int32 {
        guard let schema = configuration.schemas.first(where: { $0.name == name }),
            let id = schemaVersions[VersionKey(name: name, digest: schema.digest)]
        else { throw StorageError(.other, "schema \(name) of configuration \(version) was not stored") }
        return id
    }

    /// The newest version of the definition: its horizon may have been extended.
    private func calendarVersion(_ name: String?) throws -> Int32 {
        let calendar = configuration.calendar(named: name)
        let known = calendarNames.filter { $0.value == calendar.name }.keys.sorted(by: >)
        for id in known where calendarVersions.contains(where: { $0.value == id && calendar.isDigest($0.key.digest) }) {
            return id
        }
        throw StorageError(.other, "calendar \(calendar.name) of configuration \(version) was not stored")
    }
}
