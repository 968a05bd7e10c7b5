import Domain

/// The query of a request, each name at most as often as the handler says. Reading one with the wrong type throws a
/// 400 that names it; `refuseOthers` catches misspelt names.
public struct QueryParameters: Sendable {
    /// Names and decoded values in the order sent.
    public let items: [(name: String, value: String)]

    /// - Throws: ``Problem`` 400 when the percent-encoding is broken or there are more than 200 parameters.
    public init(query: some StringProtocol) throws(Problem) {
        guard !query.isEmpty else {
            items = []
            return
        }
        var items: [(name: String, value: String)] = []
        for part in Substring(query).split(separator: "&") {
            let equals = part.firstIndex(of: "=")
            let name = part[..<(equals ?? part.endIndex)]
            let value = equals.map { part[part.index(after: $0)...] } ?? ""
            guard let name = PercentEncoding.decode(name, plusIsSpace: true),
                let value = PercentEncoding.decode(value, plusIsSpace: true)
            else { throw .badRequest("The query is not percent-encoded UTF-8 without U+0000.", code: "invalid-query") }
            items.append((name, value))
            guard items.count <= 200 else {
                throw .badRequest("The query has more than 200 parameters.", code: "invalid-query")
            }
        }
        self.items = items
    }

    /// The value of `name`; nil when absent.
    /// - Throws: ``Problem`` 400 when it is there twice.
    public func string(_ name: String) throws(Problem) -> String? {
        var found: String?
        for item in items where item.name == name {
            guard found == nil else { throw .badRequest(at: name, "may be given once only") }
            found = item.value
        }
        return found
    }

    /// A whole number in `range`.
    public func integer(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
        guard let text = try string(name) else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw .badRequest(at: name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A whole number in `range`, or `fallback`.
    public func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(Problem) -> Int {
        guard let text = try string(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw .badRequest(at: name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `true` or `false`.
    public func bool(_ name: String) throws(Problem) -> Bool? {
        switch try string(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw .badRequest(at: name, "must be true or false")
        }
    }

    /// An RFC 3339 date and time.
    public func instant(_ name: String) throws(Problem) -> Instant? {
        guard let text = try string(name) else { return nil }
        guard let value = Instant(rfc3339: text) else {
            throw .badRequest(at: name, "must be an RFC 3339 date and time such as 2026-01-02T03:04:05Z")
        }
        return value
    }

    /// A value out of a list of names, for example a status.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type = Choice.self
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = try string(name) else { return nil }
        guard let value = Choice(rawValue: text) else { throw Self.unknownChoice(name, of: type) }
        return value
    }

    /// Several values, given as `name=a,b` or as `name=a&name=b`; empty when absent.
    public func choices<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type = Choice.self
    ) throws(Problem) -> [Choice] where Choice.RawValue == String {
        var values: [Choice] = []
        for item in items where item.name == name {
            for part in item.value.split(separator: ",") {
                guard let value = Choice(rawValue: String(part)) else { throw Self.unknownChoice(name, of: type) }
                values.append(value)
            }
        }
        return values
    }

    /// - Throws: ``Problem`` 400 naming every parameter that is not in `names`.
    public func refuseOthers(than names: String...) throws(Problem) { try refuseOthers(than: names) }

    /// - Throws: ``Problem`` 400 naming every parameter that is not in `names`.
    public func refuseOthers(than names: [String]) throws(Problem) {
        let unknown = items.map(\.name).filter { !names.contains($0) }
        guard !unknown.isEmpty else { return }
        throw .badRequest(
            "Unknown query parameters; known are: \(names.joined(separator: ", ")).",
            errors: unknown.map { Problem.FieldError(path: $0, message: "is not a parameter of this address") })
    }

    private static func unknownChoice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type
    ) -> Problem where Choice.RawValue == String {
        .badRequest(at: name, "must be one of: \(type.allCases.map(\.rawValue).joined(separator: ", "))")
    }
}
