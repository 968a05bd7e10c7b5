/// The bound on lanes whose curve falls: each of them is looked at for every pick of an agent who may take its items,
/// so an agent may have at most 64. (Lanes whose curve never falls share one index, however many they are.)
struct FallingLanes {
    static let mostPerAgent = 64

    private struct Lane: Hashable {
        var endpoint: String
        var skills: Set<String>
        var schema: String
        var calendar: String?
        var weight: Int
    }

    private let lanes: Set<Lane>
    private let agents: [AgentConfiguration]

    init(_ configuration: TenantConfiguration) {
        let falling = Set(configuration.schemas.filter { !$0.schema.curve.neverFalls }.map(\.name))
        let weights = Set([1] + configuration.channels.map(\.weight))
        var lanes: Set<Lane> = []
        for category in configuration.categoryTree().categories where falling.contains(category.schema) {
            let own = category.channel.map { Set([configuration.weight(ofChannel: $0)]) }
            for weight in own ?? weights {
                lanes.insert(
                    Lane(
                        endpoint: category.endpoint, skills: Set(category.requiredSkills), schema: category.schema,
                        calendar: category.calendar, weight: weight))
            }
        }
        self.lanes = lanes
        agents = configuration.agents
    }

    /// Reports every agent with too many of them.
    func check(_ reader: ObjectReader) {
        guard lanes.count > Self.mostPerAgent else { return }
        let ids = reader.value("agents")?.arrayValue?.map { $0["id"]?.stringValue } ?? []
        for agent in agents {
            let skills = Set(agent.skills)
            let count = lanes.count { agent.endpoints.contains($0.endpoint) && $0.skills.isSubset(of: skills) }
            guard count > Self.mostPerAgent, let index = ids.firstIndex(of: agent.id) else { continue }
            reader.problems.add(
                reader.pointer.appending("agents").appending(index),
                "This agent may take items from \(count) lanes whose schema falls, at most \(Self.mostPerAgent) are "
                    + "possible; use fewer combinations of skills, schemas and calendars with falling schemas.")
        }
    }
}
