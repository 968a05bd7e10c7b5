/// The members of a JSON object, in the order in which they were written.
///
/// Small objects are the rule here (an item, its attributes), so members are a list and look-ups walk
/// it. Two objects are equal when they have the same members in whatever order.
public struct JSONObject: Sendable {
    /// The members in order. Names are unique as long as only `subscript` and parsing put them here.
    public var members: [(key: String, value: JSONValue)]

    /// An object without members.
    public init() { members = [] }

    /// An object of these members; of members with the same name the last value counts.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        self.members = []
        for (key, value) in members { self[key] = value }
    }

    init(uniqueMembers: [(key: String, value: JSONValue)]) { members = uniqueMembers }

    /// The value of that name. Setting `nil` removes the member; a new name goes to the end.
    public subscript(key: String) -> JSONValue? {
        get {
            for member in members where member.key == key { return member.value }
            return nil
        }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The names in order.
    public var keys: [String] { members.map(\.key) }

    /// This object with every member of `changes` put over it; `null` there removes the member
    /// (a merge patch of one level, RFC 7396).
    public func merging(_ changes: JSONObject) -> JSONObject {
        var merged = self
        for (key, value) in changes.members { merged[key] = value.isNull ? nil : value }
        return merged
    }

    /// This object with the members of `defaults` added where it has none of that name.
    public func addingDefaults(_ defaults: JSONObject) -> JSONObject {
        var filled = self
        for (key, value) in defaults.members where filled[key] == nil { filled.members.append((key, value)) }
        return filled
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        let sameOrder = zip(left.members, right.members).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        return sameOrder || left.members.allSatisfy { right[$0.key] == $0.value }
    }

    /// Feeds the members, in whatever order, into the hasher.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = hasher
            member.combine(key)
            member.combine(value)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral, Sequence, CustomStringConvertible {
    /// An object; of members with the same name the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
    /// The members in order.
    public func makeIterator() -> IndexingIterator<[(key: String, value: JSONValue)]> { members.makeIterator() }
    /// The JSON text.
    public var description: String { JSONValue.object(self).text }
}
