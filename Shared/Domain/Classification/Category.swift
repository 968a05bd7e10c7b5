/// A category as a tenant's configuration writes it: what it takes, how that is handled, and finer ones inside.
public struct Category: Sendable, Hashable {
    /// Its name, different from its siblings'.
    public var name: String
    /// What it asks of an item; nil takes all.
    public var condition: Condition?
    /// What it says itself; what it omits comes from the category around it.
    public var settings: CategorySettings
    /// The categories inside, in the order in which they are tried.
    public var children: [Category]

    /// A category.
    public init(
        name: String, condition: Condition? = nil, settings: CategorySettings = CategorySettings(),
        children: [Category] = []
    ) {
        self.name = name
        self.condition = condition
        self.settings = settings
        self.children = children
    }
}

/// The settings of a category; nil where it leaves the matter to the category around it.
public struct CategorySettings: Sendable, Hashable {
    /// The endpoint that its items wait for, by name.
    public var endpoint: String?
    /// The schema that ranks them, by name.
    public var schema: String?
    /// The calendar of their business time, by name.
    public var calendar: String?
    /// The skills that an agent needs, all of them.
    public var requiredSkills: [String]?
    /// The channel that decides how much capacity an item takes.
    public var channel: String?
    /// Head start in milliseconds of age.
    public var headStart: Int64?
    /// Seconds of head start for each unit of business value.
    public var businessValueWeight: Double?
    /// Whether the clock of the service level stands still while an item is held.
    public var holdPausesSLA: Bool?
    /// Whether an item whose due date had passed on arrival is rejected.
    public var rejectWhenOverdue: Bool?
    /// Milliseconds during which only the preferred agent gets the item.
    public var preferredAgentFor: Int64?
    /// What a customer's reply to an item that has ended does (`email.replyToFinal`); nil leaves it to the mailbox.
    public var replyToFinal: ReplyToFinal?
    /// Whether a supervisor approves replies (`email.approveReplies`); nil leaves it to the mailbox.
    public var approveReplies: Bool?
    /// The template by which a first message is answered at once (`email.autoResponse`), in place of the mailbox's
    /// acknowledgement; nil leaves it to the mailbox.
    public var autoResponse: String?

    /// Settings that leave everything open.
    public init() {}

    /// These settings, with what they leave open taken from `outer`.
    public func inheriting(from outer: CategorySettings) -> CategorySettings {
        var settings = self
        settings.endpoint = endpoint ?? outer.endpoint
        settings.schema = schema ?? outer.schema
        settings.calendar = calendar ?? outer.calendar
        settings.requiredSkills = requiredSkills ?? outer.requiredSkills
        settings.channel = channel ?? outer.channel
        settings.headStart = headStart ?? outer.headStart
        settings.businessValueWeight = businessValueWeight ?? outer.businessValueWeight
        settings.holdPausesSLA = holdPausesSLA ?? outer.holdPausesSLA
        settings.rejectWhenOverdue = rejectWhenOverdue ?? outer.rejectWhenOverdue
        settings.preferredAgentFor = preferredAgentFor ?? outer.preferredAgentFor
        settings.replyToFinal = replyToFinal ?? outer.replyToFinal
        settings.approveReplies = approveReplies ?? outer.approveReplies
        settings.autoResponse = autoResponse ?? outer.autoResponse
        return settings
    }
}
