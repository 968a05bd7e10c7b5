/// A rule over an item's attributes: what a category asks of the items that it takes.
public indirect enum Condition: Sendable, Hashable {
    /// Every one of these holds; an empty list holds.
    case all([Condition])
    /// At least one of these holds; an empty list does not.
    case any([Condition])
    /// This does not hold.
    case not(Condition)
    /// The attribute of that name passes the test.
    case attribute(String, AttributeTest)

    /// Whether an item with these attributes satisfies it.
    public func matches(_ attributes: JSONObject) -> Bool {
        switch self {
        case .all(let conditions): conditions.allSatisfy { $0.matches(attributes) }
        case .any(let conditions): conditions.contains { $0.matches(attributes) }
        case .not(let condition): !condition.matches(attributes)
        case .attribute(let name, let test): test.passes(attributes[name])
        }
    }

    /// The tests that made it hold, in words (`impact in ["Major","High"]`), or nil when it does not hold. Of `any`
    /// the first that holds is named.
    public func reasons(_ attributes: JSONObject) -> [String]? {
        switch self {
        case .all(let conditions):
            var reasons: [String] = []
            for condition in conditions {
                guard let more = condition.reasons(attributes) else { return nil }
                reasons += more
            }
            return reasons
        case .any(let conditions):
            for condition in conditions {
                if let reasons = condition.reasons(attributes) { return reasons }
            }
            return nil
        case .not(let condition):
            return condition.matches(attributes) ? nil : [description]
        case .attribute(let name, let test):
            return test.passes(attributes[name]) ? [description] : nil
        }
    }
}

extension Condition: CustomStringConvertible {
    /// The condition in words: `channel is "incident" and (impact in ["Major"] or not (vip exists))`.
    public var description: String {
        switch self {
        case .all(let conditions): conditions.map(\.enclosed).joined(separator: " and ")
        case .any(let conditions): conditions.map(\.enclosed).joined(separator: " or ")
        case .not(let condition): "not (\(condition))"
        case .attribute(let name, let test): "\(name) \(test)"
        }
    }

    private var enclosed: String {
        switch self {
        case .all(let parts) where parts.count > 1: "(\(self))"
        case .any(let parts) where parts.count > 1: "(\(self))"
        default: description
        }
    }
}
