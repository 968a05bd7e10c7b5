/// The ids of everything that a tenant's configurations ever named. A name keeps its id for ever.
package struct ConfigurationNames: Sendable {
    /// What can be named. Calendars and schemas have ids by version, not here.
    package enum Kind: String, Sendable, CaseIterable { case endpoint, skill, agent, category, source }

    private var ids: [Kind: [String: Int32]] = [:]
    private var names: [Kind: [Int32: String]] = [:]

    package init(_ entries: [(kind: Kind, id: Int32, name: String)]) {
        for entry in entries {
            ids[entry.kind, default: [:]][entry.name] = entry.id
            names[entry.kind, default: [:]][entry.id] = entry.name
        }
    }

    package func id(of kind: Kind, _ name: some StringProtocol) -> Int32? { ids[kind]?[String(name)] }

    package func name(of kind: Kind, _ id: Int32) -> String? { names[kind]?[id] }

    package func all(of kind: Kind) -> [(name: String, id: Int32)] { (ids[kind] ?? [:]).map { ($0.key, $0.value) } }
}
