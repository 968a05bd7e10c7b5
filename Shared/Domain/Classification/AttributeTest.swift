/// A test of one attribute. A list passes when one of its elements does; an absent attribute passes only
/// `isNot`, `notIn` and `exists(false)`.
///
/// Nothing is converted: numbers equal numbers (`3` is `3.0`), texts equal texts letter by letter, and order is
/// that of numbers, or of texts by their UTF-8 bytes (which suits dates as RFC 3339 in UTC).
public enum AttributeTest: Sendable, Hashable {
    /// Equals this string, number or boolean.
    case `is`(JSONValue)
    /// The opposite of `is`: no element equals it.
    case isNot(JSONValue)
    /// Equals one of these.
    case `in`([JSONValue])
    /// The opposite of `in`.
    case notIn([JSONValue])
    /// Comes after this number or text.
    case greaterThan(JSONValue)
    /// Is this number or text, or comes after it.
    case atLeast(JSONValue)
    /// Comes before this number or text.
    case lessThan(JSONValue)
    /// Is this number or text, or comes before it.
    case atMost(JSONValue)
    /// Is a text that has this one in it.
    case contains(String)
    /// Is a text that begins with this one.
    case startsWith(String)
    /// Is there, or is not.
    case exists(Bool)

    /// Whether the attribute's value, nil when absent, passes.
    public func passes(_ value: JSONValue?) -> Bool {
        switch self {
        case .is(let wanted): Self.any(value) { Self.equal($0, wanted) }
        case .isNot(let refused): !Self.any(value) { Self.equal($0, refused) }
        case .in(let wanted): Self.any(value) { element in wanted.contains { Self.equal(element, $0) } }
        case .notIn(let refused): !Self.any(value) { element in refused.contains { Self.equal(element, $0) } }
        case .greaterThan(let bound): Self.any(value) { Self.order($0, bound).map { $0 > 0 } ?? false }
        case .atLeast(let bound): Self.any(value) { Self.order($0, bound).map { $0 >= 0 } ?? false }
        case .lessThan(let bound): Self.any(value) { Self.order($0, bound).map { $0 < 0 } ?? false }
        case .atMost(let bound): Self.any(value) { Self.order($0, bound).map { $0 <= 0 } ?? false }
        case .contains(let part): Self.any(value) { Self.text($0).map { Self.contains($0, part) } ?? false }
        case .startsWith(let start): Self.any(value) { Self.text($0).map { $0.starts(with: start.utf8) } ?? false }
        case .exists(let wanted): (value.map { !$0.isNull } ?? false) == wanted
        }
    }

    private static func any(_ value: JSONValue?, _ passes: (JSONValue) -> Bool) -> Bool {
        switch value {
        case nil, .null: false
        case .array(let elements): elements.contains(where: passes)
        case let value?: passes(value)
        }
    }

    private static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if left == right { return true }
        guard let first = left.numberValue, let second = right.numberValue else { return false }
        // Two integers are compared as such above: as `Double` distinct ones could become equal.
        if case .integer = left, case .integer = right { return false }
        return first == second
    }

    /// Below, at or above 0 as `left` comes before, is or comes after `right`; nil for what has no order.
    private static func order(_ left: JSONValue, _ right: JSONValue) -> Int? {
        switch (left, right) {
        case (.integer(let left), .integer(let right)):
            return left < right ? -1 : left == right ? 0 : 1
        case (.string(let left), .string(let right)):
            return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : left.utf8.elementsEqual(right.utf8) ? 0 : 1
        default:
            guard let left = left.numberValue, let right = right.numberValue else { return nil }
            return left < right ? -1 : left == right ? 0 : 1
        }
    }

    private static func text(_ value: JSONValue) -> String.UTF8View? { value.stringValue?.utf8 }

    private static func contains(_ text: String.UTF8View, _ part: String) -> Bool {
        let wanted = part.utf8
        guard let first = wanted.first else { return true }
        var rest = text[...]
        while let index = rest.firstIndex(of: first) {
            rest = rest[index...]
            if rest.starts(with: wanted) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

extension AttributeTest: CustomStringConvertible {
    /// The test in words: `in ["Major","High"]`, `at least 3`, `exists`.
    public var description: String {
        switch self {
        case .is(let value): "is \(value)"
        case .isNot(let value): "is not \(value)"
        case .in(let values): "in \(JSONValue.array(values))"
        case .notIn(let values): "not in \(JSONValue.array(values))"
        case .greaterThan(let value): "greater than \(value)"
        case .atLeast(let value): "at least \(value)"
        case .lessThan(let value): "less than \(value)"
        case .atMost(let value): "at most \(value)"
        case .contains(let text): "contains \(JSONValue.string(text))"
        case .startsWith(let text): "starts with \(JSONValue.string(text))"
        case .exists(let wanted): wanted ? "exists" : "is absent"
        }
    }
}
