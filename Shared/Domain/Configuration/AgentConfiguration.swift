/// A person who works on items.
public struct AgentConfiguration: Sendable, Hashable {
    /// The id by which everybody names the agent.
    public var id: String
    /// The name that people see; the id when none is given.
    public var name: String
    /// The `sub` of the agent's tokens.
    public var subject: String?
    /// Skills, by name.
    public var skills: [String] = []
    /// The endpoints that the agent serves, by name.
    public var endpoints: [String] = []
    /// Units of capacity: what the weights of the items at hand may add up to.
    public var capacity = 1
    /// The groups whose workbins the agent shares, by name.
    public var groups: [String] = []

    /// An agent with a capacity of 1 and nothing else; without a name the id serves.
    public init(id: String, name: String? = nil) {
        self.id = id
        self.name = name ?? id
    }

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> AgentConfiguration? {
        let known = ["id", "name", "subject", "skills", "endpoints", "capacity", "groups"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let id = reader.requiredText("id", .pathName)
        var agent = AgentConfiguration(id: id ?? "", name: reader.text("name", .longName))
        agent.subject = reader.text("subject", .longName)
        agent.skills = reader.texts("skills", .name)?.map(\.text) ?? []
        agent.endpoints = reader.texts("endpoints", .name)?.map(\.text) ?? []
        agent.capacity = reader.integer("capacity", in: 0...1000) ?? 1
        agent.groups = reader.texts("groups", .pathName)?.map(\.text) ?? []
        return id == nil ? nil : agent
    }

    var document: JSONValue {
        var object: JSONObject = ["id": .string(id), "name": .string(name)]
        object["subject"] = subject.map(JSONValue.string)
        object["skills"] = .array(skills.sorted().map(JSONValue.string))
        object["endpoints"] = .array(endpoints.sorted().map(JSONValue.string))
        object["capacity"] = .integer(Int64(capacity))
        object["groups"] = .array(groups.sorted().map(JSONValue.string))
        return .object(object)
    }
}
