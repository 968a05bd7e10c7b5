/// Everything that a tenant configures, read from one document, checked as a whole and applied as a whole.
public struct TenantConfiguration: Sendable, Hashable {
    /// The tenant's name: lower-case letters, digits and hyphens.
    public var tenant: String
    /// Business calendars.
    public var calendars: [CalendarConfiguration] = []
    /// Priority schemas.
    public var schemas: [SchemaConfiguration] = []
    /// The names of skills.
    public var skills: [String] = []
    /// Channels whose items do not take one unit of capacity.
    public var channels: [ChannelConfiguration] = []
    /// Endpoints.
    public var endpoints: [EndpointConfiguration] = []
    /// The outermost categories, in the order in which they are tried.
    public var categories: [Category] = []
    /// The names of groups of agents.
    public var groups: [String] = []
    /// Agents.
    public var agents: [AgentConfiguration] = []
    /// Sources.
    public var sources: [SourceConfiguration] = []
    /// Mailboxes.
    public var mailboxes: [MailboxConfiguration] = []
    /// Templates of messages.
    public var templates: [EmailTemplate] = []
    /// How long data stays.
    public var retention = RetentionConfiguration()
    /// How much all sources together may hand in; nil has no limit.
    public var quota: QuotaConfiguration?
    /// The data mart; nil when the tenant has none.
    public var datamart: DatamartConfiguration?
    /// A search server besides PostgreSQL; nil for none.
    public var search: SearchConfiguration?
    /// The attribute that says which customer an item is about, for erasure.
    public var customerAttribute = "customer"

    /// A configuration with nothing in it.
    public init(tenant: String) { self.tenant = tenant }

    /// Reads and checks a document. `now` starts the year in which every calendar must open at least once.
    /// A failure holds every problem, each at its path.
    public static func validate(
        _ document: JSONValue, now: Instant
    ) -> Result<TenantConfiguration, ConfigurationProblems> {
        Result { () throws(ConfigurationProblems) in try read(document, now: now) }
    }

    /// Reads a document that was applied once. What hung on the moment at which it was applied is not asked again: a
    /// calendar may be over, and names may have been taken since. A failure holds every problem, each at its path.
    public static func applied(_ document: JSONValue) throws(ConfigurationProblems) -> TenantConfiguration {
        try read(document, now: nil)
    }

    private static func read(
        _ document: JSONValue, now: Instant?
    ) throws(ConfigurationProblems) -> TenantConfiguration {
        let problems = ProblemCollector()
        let configuration = ConfigurationReader(problems: problems, now: now).read(document)
        try problems.check()
        guard let configuration else {
            throw ConfigurationProblems(path: "", message: "Expected a configuration.")
        }
        return configuration
    }

    /// The categories, ready to classify.
    public func categoryTree() -> CategoryTree { CategoryTree(categories) }

    /// The mailbox of that name.
    public func mailbox(named name: String) -> MailboxConfiguration? { mailboxes.first { $0.name == name } }

    /// The template of that name.
    public func template(named name: String) -> EmailTemplate? { templates.first { $0.name == name } }

    /// The capacity that an item of that channel takes: the channel's weight, or 1.
    public func weight(ofChannel channel: String?) -> Int {
        channel.flatMap { name in channels.first { $0.name == name }?.weight } ?? 1
    }

    /// The document in one agreed form: every default spelt out, durations at their shortest, what has no order
    /// sorted. It reads back as the same configuration.
    public var document: JSONValue {
        var object: JSONObject = ["tenant": .string(tenant)]
        object["calendars"] = .array(calendars.map(\.document))
        object["schemas"] = .array(schemas.map { $0.document.canonicalNumbers })
        object["skills"] = .array(skills.sorted().map(JSONValue.string))
        object["channels"] = .array(channels.map(\.document))
        object["endpoints"] = .array(endpoints.map(\.document))
        object["categories"] = .array(categories.map { $0.document.canonicalNumbers })
        object["groups"] = .array(groups.sorted().map(JSONValue.string))
        object["agents"] = .array(agents.map(\.document))
        object["sources"] = .array(sources.map(\.document))
        if !mailboxes.isEmpty { object["mailboxes"] = .array(mailboxes.map(\.document)) }
        if !templates.isEmpty { object["templates"] = .array(templates.map(\.document)) }
        object["retention"] = retention.document
        object["quota"] = quota?.document
        object["datamart"] = datamart?.document
        object["search"] = search?.document
        object["customerAttribute"] = .string(customerAttribute)
        return .object(object)
    }
}

extension JSONLimits {
    /// For a tenant's configuration: 64 MiB, 64 levels, 2,000,000 values (some 100,000 agents).
    public static let configuration = JSONLimits(bytes: 64 << 20, depth: 64, elements: 2_000_000)
}

extension JSONValue {
    /// The same with integral numbers as integers, members in their order.
    fileprivate var canonicalNumbers: JSONValue {
        switch self {
        case .number: canonical()
        case .array(let elements): .array(elements.map(\.canonicalNumbers))
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, $0.value.canonicalNumbers) }))
        default: self
        }
    }
}
