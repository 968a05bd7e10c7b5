/// The shape of a condition in a document: `{all: […]}`, `{any: […]}`, `{not: …}` or
/// `{attribute: impact, in: [Major, High]}`. One attribute may have several tests, which must all pass.
extension Condition {
    /// The tests by their names in a document.
    static let tests = [
        "is", "isNot", "in", "notIn", "greaterThan", "atLeast", "lessThan", "atMost", "contains", "startsWith",
        "exists",
    ]

    /// Conditions inside each other, at most.
    static let deepest = 10

    /// Reads and checks a condition; nil, with problems, when it is none.
    static func read(
        _ value: JSONValue, at pointer: JSONPointer, depth: Int = 1, problems: ProblemCollector
    ) -> Condition? {
        guard depth <= deepest else {
            problems.add(pointer, "Conditions are nested more than \(deepest) deep; flatten them.")
            return nil
        }
        guard let object = value.objectValue else {
            problems.add(
                pointer,
                "Expected a condition: {all: […]}, {any: […]}, {not: …} or {attribute: …, is: …}, "
                    + "found \(value.kindDescription).")
            return nil
        }
        let kinds = ["all", "any", "not", "attribute"].filter { object[$0] != nil }
        guard let kind = kinds.first, kinds.count == 1 else {
            problems.add(pointer, "Expected exactly one of all, any, not and attribute.")
            return nil
        }
        let known = kind == "attribute" ? [kind] + tests : [kind]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        switch kind {
        case "all": return list(reader, kind, depth).map(Condition.all)
        case "any": return list(reader, kind, depth).map(Condition.any)
        case "not":
            let inner = object["not"] ?? .null
            return read(inner, at: pointer.appending("not"), depth: depth + 1, problems: problems).map(Condition.not)
        default: return attribute(reader)
        }
    }

    /// The condition as JSON, in the shape that `read` takes.
    public var document: JSONValue {
        switch self {
        case .all(let conditions): ["all": .array(conditions.map(\.document))]
        case .any(let conditions): ["any": .array(conditions.map(\.document))]
        case .not(let condition): ["not": condition.document]
        case .attribute(let name, let test):
            .object(["attribute": .string(name), test.documentName: test.documentValue])
        }
    }

    private static func list(_ reader: ObjectReader, _ kind: String, _ depth: Int) -> [Condition]? {
        let elements = reader.list(kind, atMost: 1000)
        if reader.object[kind]?.arrayValue?.isEmpty ?? reader.object[kind]?.isNull ?? false {
            reader.report(kind, "Expected at least one condition.")
            return nil
        }
        let conditions = elements.compactMap {
            read($0.value, at: $0.pointer, depth: depth + 1, problems: reader.problems)
        }
        return conditions.count == elements.count && !conditions.isEmpty ? conditions : nil
    }

    private static func attribute(_ reader: ObjectReader) -> Condition? {
        let name = reader.requiredText("attribute", TextRule(bytes: 1...WorkItemLimits.attributeNameBytes))
        let present = reader.object.members.filter { tests.contains($0.key) }
        guard !present.isEmpty else {
            // A mistyped test has been reported by its name.
            guard reader.object.count == 1 else { return nil }
            reader.problems.add(reader.pointer, "Expected a test beside attribute: \(tests.joined(separator: ", ")).")
            return nil
        }
        let found = present.compactMap { AttributeTest.read($0.key, $0.value, reader) }
        guard let name, found.count == present.count else { return nil }
        let conditions = found.map { Condition.attribute(name, $0) }
        return conditions.count == 1 ? conditions.first : .all(conditions)
    }
}

extension AttributeTest {
    fileprivate static func read(_ name: String, _ value: JSONValue, _ reader: ObjectReader) -> AttributeTest? {
        switch name {
        case "is": scalar(name, value, reader).map(AttributeTest.is)
        case "isNot": scalar(name, value, reader).map(AttributeTest.isNot)
        case "in": scalars(name, value, reader).map(AttributeTest.in)
        case "notIn": scalars(name, value, reader).map(AttributeTest.notIn)
        case "greaterThan": ordered(name, value, reader).map(AttributeTest.greaterThan)
        case "atLeast": ordered(name, value, reader).map(AttributeTest.atLeast)
        case "lessThan": ordered(name, value, reader).map(AttributeTest.lessThan)
        case "atMost": ordered(name, value, reader).map(AttributeTest.atMost)
        case "contains": text(name, value, reader).map(AttributeTest.contains)
        case "startsWith": text(name, value, reader).map(AttributeTest.startsWith)
        default:
            value.boolValue.map(AttributeTest.exists)
                ?? reader.mismatch(name, expected: "true or false", found: value)
        }
    }

    private static func scalar(_ name: String, _ value: JSONValue, _ reader: ObjectReader) -> JSONValue? {
        switch value {
        case .string, .integer, .number, .bool: value
        default: reader.mismatch(name, expected: "a string, a number, true or false", found: value)
        }
    }

    private static func scalars(_ name: String, _ value: JSONValue, _ reader: ObjectReader) -> [JSONValue]? {
        guard let values = value.arrayValue, (1...1000).contains(values.count) else {
            reader.report(name, "Expected a list of 1 to 1000 strings, numbers or booleans.")
            return nil
        }
        let faulty = values.firstIndex { $0.isNull || $0.arrayValue != nil || $0.objectValue != nil }
        guard let faulty else { return values }
        reader.problems.add(
            reader.pointer.appending(name).appending(faulty),
            "Expected a string, a number, true or false, found \(values[faulty].kindDescription).")
        return nil
    }

    private static func ordered(_ name: String, _ value: JSONValue, _ reader: ObjectReader) -> JSONValue? {
        switch value {
        case .string, .integer, .number: value
        default: reader.mismatch(name, expected: "a number or a string", found: value)
        }
    }

    private static func text(_ name: String, _ value: JSONValue, _ reader: ObjectReader) -> String? {
        guard let text = value.stringValue, !text.isEmpty else {
            return reader.mismatch(name, expected: "a string that is not empty", found: value)
        }
        return text
    }

    fileprivate var documentName: String {
        switch self {
        case .is: "is"
        case .isNot: "isNot"
        case .in: "in"
        case .notIn: "notIn"
        case .greaterThan: "greaterThan"
        case .atLeast: "atLeast"
        case .lessThan: "lessThan"
        case .atMost: "atMost"
        case .contains: "contains"
        case .startsWith: "startsWith"
        case .exists: "exists"
        }
    }

    fileprivate var documentValue: JSONValue {
        switch self {
        case .is(let value), .isNot(let value), .greaterThan(let value), .atLeast(let value), .lessThan(let value),
            .atMost(let value):
            value
        case .in(let values), .notIn(let values): .array(values)
        case .contains(let text), .startsWith(let text): .string(text)
        case .exists(let wanted): .bool(wanted)
        }
    }
}
