import Domain

/// Which column becomes which member of a work item: `captureId=incident`, `attributes.size:number=size`.
public struct FieldMapping: Sendable, Hashable {
    /// How a cell is read.
    public enum Kind: String, Sendable, CaseIterable {
        case text, number, boolean
        /// Texts separated by semicolons.
        case list
    }
    /// Where the value goes: a member of the body, or an attribute.
    public enum Target: Sendable, Hashable {
        case member(String)
        case attribute(String)
    }

    /// Where the value goes.
    public var target: Target
    /// How it is read.
    public var kind: Kind
    /// The column's title.
    public var column: String

    /// Reads `TARGET[:KIND]=COLUMN`.
    /// - Throws: a text that says what is wrong.
    public init(_ text: String) throws(MappingProblem) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw MappingProblem("\(text) is not TARGET=COLUMN, such as captureId=incident.")
        }
        column = String(text[text.index(after: equals)...])
        guard !column.isEmpty else { throw MappingProblem("\(text) names no column after the =.") }
        var name = String(text[..<equals])
        var kind: Kind?
        if let colon = name.lastIndex(of: ":") {
            let suffix = String(name[name.index(after: colon)...])
            guard let known = Kind(rawValue: suffix) else {
                throw MappingProblem(
                    "\(text): \(suffix) is not one of \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            kind = known
            name = String(name[..<colon])
        }
        if name.hasPrefix("attributes."), name.count > 11 {
            target = .attribute(String(name.dropFirst(11)))
            self.kind = kind ?? .text
        } else if SubmitCommand.members.contains(name), name != "attributes" {
            target = .member(name)
            self.kind = kind ?? (name == "priority" || name == "businessValue" ? .number : .text)
        } else {
            let known = SubmitCommand.members.filter { $0 != "attributes" } + ["attributes.NAME"]
            throw MappingProblem("\(text): \(name) is not one of \(known.joined(separator: ", ")).")
        }
    }

    /// Reads a cell; nil when it is empty.
    /// - Throws: a text that says what was expected.
    public func value(of cell: String) throws(MappingProblem) -> JSONValue? {
        guard !cell.isEmpty else { return nil }
        switch kind {
        case .text: return .string(cell)
        case .list: return .array(cell.split(separator: ";").map { .string(String($0.trimmingBlanks)) })
        case .number:
            let trimmed = cell.trimmingBlanks
            if let integer = Int64(trimmed) { return .integer(integer) }
            if let number = Double(trimmed), number.isFinite { return .number(number) }
            throw MappingProblem("column \(column): expected a number")
        case .boolean:
            switch cell.trimmingBlanks.lowercased() {
            case "true", "yes", "y", "1": return true
            case "false", "no", "n", "0": return false
            default: throw MappingProblem("column \(column): expected true or false")
            }
        }
    }
}

/// Why a mapping or a cell cannot be used.
public struct MappingProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, for a person.
    public var description: String

    /// A problem in these words.
    public init(_ description: String) { self.description = description }
}

/// Turns the records of one file into bodies of `submit`.
public struct RowMapping: Sendable {
    private let fields: [(mapping: FieldMapping, index: Int)]
    private let constants: [(target: FieldMapping.Target, value: JSONValue)]

    /// Fits mappings to a file's header line.
    /// - Parameter constants: `attributes.channel=incident`: the same for every row.
    public init(_ mappings: [FieldMapping], constants: [String] = [], header: [String]) throws(MappingProblem) {
        var fields: [(FieldMapping, Int)] = []
        var targets: Set<FieldMapping.Target> = []
        for mapping in mappings {
            guard let index = header.firstIndex(of: mapping.column) else {
                throw MappingProblem(
                    "The file has no column \(mapping.column); it has \(header.joined(separator: ", ")).")
            }
            guard targets.insert(mapping.target).inserted else {
                throw MappingProblem("Two columns are mapped to the same target by \(mapping.column).")
            }
            fields.append((mapping, index))
        }
        guard targets.contains(.member("captureId")) else {
            throw MappingProblem(
                "Map a column to captureId, such as --map captureId=\(header.first ?? "id"): it makes a row unique.")
        }
        self.fields = fields
        var values: [(FieldMapping.Target, JSONValue)] = []
        for constant in constants {
            let mapping = try FieldMapping(constant)
            guard targets.insert(mapping.target).inserted else {
                throw MappingProblem("\(constant): a column is mapped to the same target.")
            }
            if let value = try mapping.value(of: mapping.column) { values.append((mapping.target, value)) }
        }
        self.constants = values
    }

    /// The body for a record, and its captureId.
    public func body(of record: CSVReader.Record) throws(MappingProblem) -> (captureId: String, body: JSONObject) {
        var body = JSONObject()
        var attributes = JSONObject()
        func set(_ target: FieldMapping.Target, _ value: JSONValue) {
            switch target {
            case .member(let name): body[name] = value
            case .attribute(let name): attributes[name] = value
            }
        }
        for (mapping, index) in fields {
            if let value = try mapping.value(of: record.fields[index]) { set(mapping.target, value) }
        }
        for (target, value) in constants { set(target, value) }
        if !attributes.isEmpty { body["attributes"] = .object(attributes) }
        guard let captureId = body["captureId"]?.stringValue else { throw MappingProblem("the captureId is empty") }
        return (captureId, body)
    }
}

extension StringProtocol {
    /// Without blanks and tabs at both ends.
    var trimmingBlanks: String {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...last])
    }
}
