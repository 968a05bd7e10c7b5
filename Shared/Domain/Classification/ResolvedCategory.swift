/// A category with everything settled: what it says itself and what it has from those around it.
public final class ResolvedCategory: Sendable {
    /// The names from the outermost category to this one.
    public let path: [String]
    /// The names joined by slashes: `Incidents/Major`.
    public let name: String
    /// The conditions on the way here, outermost first; categories that take all have none.
    public let conditions: [(category: String, condition: Condition)]
    /// The endpoint that its items wait for, by name.
    public let endpoint: String
    /// The schema that ranks them, by name.
    public let schema: String
    /// The calendar of their business time, by name; nil is always open.
    public let calendar: String?
    /// The skills that an agent needs, sorted by name.
    public let requiredSkills: [String]
    /// The channel of its items; nil lets each item's attribute `channel` say.
    public let channel: String?
    /// Head start in milliseconds of age.
    public let headStart: Int64
    /// Seconds of head start for each unit of business value.
    public let businessValueWeight: Double
    /// Whether the clock of the service level stands still while an item is held.
    public let holdPausesSLA: Bool
    /// Whether an item whose due date had passed on arrival is rejected.
    public let rejectWhenOverdue: Bool
    /// Milliseconds during which only the preferred agent gets the item; nil leaves it to the item.
    public let preferredAgentFor: Int64?
    /// What a customer's reply to an item that has ended does; nil leaves it to the mailbox.
    public let replyToFinal: ReplyToFinal?
    /// Whether a supervisor approves replies; nil leaves it to the mailbox.
    public let approveReplies: Bool?
    /// The template by which a first message is answered at once; nil leaves it to the mailbox.
    public let autoResponse: String?

    init?(path: [String], conditions: [(category: String, condition: Condition)], settings: CategorySettings) {
        guard let endpoint = settings.endpoint, let schema = settings.schema else { return nil }
        self.path = path
        self.name = path.joined(separator: "/")
        self.conditions = conditions
        self.endpoint = endpoint
        self.schema = schema
        calendar = settings.calendar
        requiredSkills = (settings.requiredSkills ?? []).sorted()
        channel = settings.channel
        headStart = settings.headStart ?? 0
        businessValueWeight = settings.businessValueWeight ?? 0
        holdPausesSLA = settings.holdPausesSLA ?? false
        rejectWhenOverdue = settings.rejectWhenOverdue ?? false
        preferredAgentFor = settings.preferredAgentFor
        replyToFinal = settings.replyToFinal
        approveReplies = settings.approveReplies
        autoResponse = settings.autoResponse
    }

    /// The whole head start of an item in seconds of age: the category's, the source's (`priority`), what its
    /// business value is worth, and what operators pushed it by; at most `WorkItemLimits.headStart` either way.
    public func headStart(priority: Double?, businessValue: Double?, pushed: Double = 0) -> Double {
        let worth = (businessValue ?? 0) * businessValueWeight
        let seconds = Double(headStart) / 1000 + (priority ?? 0) + worth + pushed
        return min(max(seconds, -WorkItemLimits.headStart), WorkItemLimits.headStart)
    }

    /// The channel of an item with these attributes: the category's, else the attribute `channel` when it is text.
    public func channel(of attributes: JSONObject) -> String? { channel ?? attributes["channel"]?.stringValue }
}
