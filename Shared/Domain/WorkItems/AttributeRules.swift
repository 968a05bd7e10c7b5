/// Which attributes an item may have: strings, finite numbers, booleans, and lists of those.
public enum AttributeRules {
    /// What is wrong with the attributes as a whole: too many of them, or too many bytes as JSON. Merging an
    /// update calls for this check again.
    public static func problem(withSizeOf attributes: JSONObject) -> String? {
        guard attributes.count <= WorkItemLimits.attributes else {
            return "Expected at most \(WorkItemLimits.attributes) attributes, found \(attributes.count)."
        }
        // Only what could be too large is written out and counted.
        guard largestSize(of: attributes) > WorkItemLimits.attributesBytes else { return nil }
        let size = JSONValue.object(attributes).bytes.count
        guard size > WorkItemLimits.attributesBytes else { return nil }
        return "Expected at most \(WorkItemLimits.attributesBytes) bytes of JSON, found \(size)."
    }

    /// Checks names and values. `null` is allowed where it means deletion.
    static func check(
        _ value: JSONValue, at pointer: JSONPointer, allowingNull: Bool, problems: ProblemCollector
    ) -> JSONObject {
        guard let attributes = value.objectValue else {
            problems.add(pointer, "Expected an object of attributes, found \(value.kindDescription).")
            return [:]
        }
        for (name, value) in attributes.members {
            if let problem = nameRule.problem(with: name) {
                problems.add(pointer.appending(name), "The attribute's name: \(problem)")
            }
            check(value, pointer, name, allowingNull, problems)
        }
        if let problem = problem(withSizeOf: attributes) { problems.add(pointer, problem) }
        return attributes
    }

    private static let nameRule = TextRule(bytes: 1...WorkItemLimits.attributeNameBytes)

    private static func check(
        _ value: JSONValue, _ pointer: JSONPointer, _ name: String, _ allowingNull: Bool, _ problems: ProblemCollector
    ) {
        switch value {
        case .string, .bool, .integer: break
        case .number(let number) where number.isFinite: break
        case .null where allowingNull: break
        case .array(let elements):
            for (index, element) in elements.enumerated() where !isScalar(element) {
                problems.add(
                    pointer.appending(name).appending(index),
                    "Expected a string, a number, true or false, found \(element.kindDescription).")
            }
        default:
            problems.add(
                pointer.appending(name),
                "Expected a string, a number, true, false or a list of them, found \(value.kindDescription).")
        }
    }

    private static func isScalar(_ value: JSONValue) -> Bool {
        switch value {
        case .string, .bool, .integer: true
        case .number(let number): number.isFinite
        default: false
        }
    }

    /// No less than the bytes as JSON: an escape makes six bytes of one, a number has at most 24.
    private static func largestSize(of attributes: JSONObject) -> Int {
        func size(_ value: JSONValue) -> Int {
            switch value {
            case .string(let text): text.utf8.count * 6 + 3
            case .array(let elements): elements.reduce(3) { $0 + size($1) }
            default: 25
            }
        }
        return attributes.members.reduce(2) { $0 + $1.key.utf8.count * 6 + 4 + size($1.value) }
    }
}
