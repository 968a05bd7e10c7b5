/// The body of `submit`: what a source says about a new work item.
public struct SubmitCommand: Sendable, Hashable {
    /// The source's own number of the item; with the source it makes the item unique.
    public var captureId: String
    /// When the item becomes work; nil is now.
    public var activation: Instant?
    /// When the source wants it done; nil lets the schema say.
    public var due: Instant?
    /// Head start in seconds of age (`priority` on the wire).
    public var priority: Double?
    /// What the item is worth, in the source's unit.
    public var businessValue: Double?
    /// What the rules look at: strings, numbers, booleans and lists of them.
    public var attributes: JSONObject
    /// The agent who should have it first.
    public var preferredAgent: String?
    /// Until when only that agent gets it; nil lets the category say.
    public var preferredUntil: Instant?

    /// Every member of the body.
    public static let members = [
        "captureId", "activation", "due", "priority", "businessValue", "attributes", "preferredAgent",
        "preferredUntil",
    ]

    /// A command that only names the item.
    public init(captureId: String, attributes: JSONObject = [:]) {
        self.captureId = captureId
        self.attributes = attributes
    }

    /// Reads and checks a body; throws everything that is wrong with it. `pointer` says where the body
    /// stands in the message, for the problems' paths.
    public init(body: JSONValue, at pointer: JSONPointer = .root) throws(BodyProblems) {
        let problems = ProblemCollector()
        let reader = ObjectReader(body, at: pointer, known: Self.members, problems: problems)
        captureId = reader?.requiredText("captureId", .captureId) ?? ""
        activation = reader?.instant("activation", in: WorkItemLimits.dates)
        due = reader?.instant("due", in: WorkItemLimits.dates)
        priority = reader?.number("priority", in: -WorkItemLimits.headStart...WorkItemLimits.headStart)
        businessValue = reader?.number(
            "businessValue", in: -WorkItemLimits.businessValue...WorkItemLimits.businessValue)
        attributes = [:]
        if let reader, let value = reader.value("attributes") {
            attributes = AttributeRules.check(
                value, at: pointer.appending("attributes"), allowingNull: false, problems: problems)
        }
        preferredAgent = reader?.text("preferredAgent", .pathName)
        preferredUntil = reader?.instant("preferredUntil", in: WorkItemLimits.dates)
        if let reader, preferredUntil != nil, reader.value("preferredAgent") == nil {
            reader.report("preferredUntil", "Expected preferredAgent beside it.")
        }
        try problems.check()
    }

    /// The bytes to hash in order to tell whether two bodies say the same: the body as sent, before any
    /// defaults, with its members in order of name, without white space, and with `3.0` as `3`.
    public static func content(of body: JSONValue) -> [UInt8] { body.canonical().bytes }
}
