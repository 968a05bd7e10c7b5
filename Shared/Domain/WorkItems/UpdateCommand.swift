/// What an update does to one value.
public enum Change<Value: Sendable & Hashable>: Sendable, Hashable {
    /// It stays as it is.
    case keep
    /// It is taken away (`null` on the wire).
    case clear
    /// It gets this value.
    case set(Value)

    /// The value after the change.
    public func applied(to value: Value?) -> Value? {
        switch self {
        case .keep: value
        case .clear: nil
        case .set(let new): new
        }
    }
}

/// The body of `update` (PATCH): members that are absent stay, `null` takes away.
public struct UpdateCommand: Sendable, Hashable {
    /// Attributes to merge over the item's; `null` deletes one.
    public var attributes: JSONObject
    /// The due date.
    public var due: Change<Instant>
    /// Head start in seconds of age.
    public var priority: Change<Double>
    /// What the item is worth.
    public var businessValue: Change<Double>
    /// Seconds by which the item moves forwards (or back, when negative) in its lane, added to earlier pushes.
    public var push: Double?

    /// Every member of the body.
    public static let members = ["attributes", "due", "priority", "businessValue", "push"]

    /// Reads and checks a body; throws everything that is wrong with it.
    public init(body: JSONValue, at pointer: JSONPointer = .root) throws(BodyProblems) {
        let problems = ProblemCollector()
        attributes = [:]
        (due, priority, businessValue) = (.keep, .keep, .keep)
        if let reader = ObjectReader(body, at: pointer, known: Self.members, problems: problems) {
            if let value = reader.value("attributes") {
                attributes = AttributeRules.check(
                    value, at: pointer.appending("attributes"), allowingNull: true, problems: problems)
            }
            let head = -WorkItemLimits.headStart...WorkItemLimits.headStart
            let worth = -WorkItemLimits.businessValue...WorkItemLimits.businessValue
            due = Self.change(reader, "due") { reader.instant($0, in: WorkItemLimits.dates) }
            priority = Self.change(reader, "priority") { reader.number($0, in: head) }
            businessValue = Self.change(reader, "businessValue") { reader.number($0, in: worth) }
            push = reader.number("push", in: head)
        }
        try problems.check()
    }

    /// Whether it changes nothing.
    public var isEmpty: Bool {
        attributes.isEmpty && due == .keep && priority == .keep && businessValue == .keep && push == nil
    }

    /// The item's attributes after the update; throws when they have become too many or too large.
    public func attributes(mergedInto current: JSONObject) throws(BodyProblems) -> JSONObject {
        let merged = current.merging(attributes)
        if let problem = AttributeRules.problem(withSizeOf: merged) {
            throw BodyProblems(path: "/attributes", message: problem)
        }
        return merged
    }

    private static func change<Value>(
        _ reader: ObjectReader, _ key: String, _ read: (String) -> Value?
    ) -> Change<Value> {
        guard let value = reader.object[key] else { return .keep }
        return value.isNull ? .clear : read(key).map(Change.set) ?? .keep
    }
}
