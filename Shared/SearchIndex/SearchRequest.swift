public import Domain

/// A search as the server takes it.
public struct SearchRequest: Sendable {
    /// By what is sorted; the item decides among equals.
    public enum Order: Sendable {
        case relevance, newest, oldest, due, dueLast, updated

        private var field: (String, String)? {
            switch self {
            case .relevance: ("_score", "desc")
            case .newest, .oldest: nil
            case .due: ("due", "asc")
            case .dueLast: ("dueLast", "desc")
            case .updated: ("updatedAt", "desc")
            }
        }

        var sort: JSONValue {
            let direction = self == .oldest || self == .due ? "asc" : "desc"
            let fields = [field, ("id", direction)].compactMap { $0 }
            return .array(fields.map { .object([$0.0: .string($0.1)]) })
        }

        /// Whether a value stands in front of the id.
        var hasValue: Bool { field != nil }
    }

    /// A place in the order.
    public struct Position: Sendable, Hashable {
        /// What is sorted by; 0 where only the item is.
        public var value: Int64
        /// The item's id with dashes.
        public var id: String

        /// A place.
        public init(value: Int64, id: String) {
            self.value = value
            self.id = id
        }
    }

    /// What is looked for.
    public var query: SearchQuery
    /// Where it is looked for.
    public var zones: Set<SearchZone>
    /// Values that fields must have one of.
    public var filters: [(field: String, values: [String])] = []
    /// By what is sorted.
    public var order = Order.relevance
    /// What comes behind this.
    public var after: Position?
    /// At most so many.
    public var limit = 50
    /// Milliseconds that the server may take.
    public var milliseconds: Int64 = 1000

    /// A search.
    public init(_ query: SearchQuery, zones: Set<SearchZone>) {
        self.query = query
        self.zones = zones
    }

    /// The body of `_search`.
    public var body: JSONValue {
        var bool = JSONObject()
        bool["must"] = .array(query.wanted.map { any($0, scored: true) })
        bool["must_not"] = .array(query.terms.filter(\.isExcluded).map { any($0, scored: false) })
        bool["filter"] = .array(
            filters.map { .object(["terms": .object([$0.field: .array($0.values.map(JSONValue.string))])]) })
        var body: JSONObject = [
            "size": .integer(Int64(limit)), "_source": false, "track_total_hits": false,
            "timeout": .string("\(milliseconds)ms"), "query": ["bool": .object(bool)], "sort": order.sort,
        ]
        if let after {
            let id = JSONValue.string(after.id)
            body["search_after"] = .array(order.hasValue ? [.integer(after.value), id] : [id])
        }
        return .object(body)
    }

    /// The hits of an answer; nil when it is not all that there is, because time was up or a part of the index is away.
    /// An item is there more than once when the alias stands for several indices.
    public func hits(in answer: JSONValue) -> [Position]? {
        guard answer["timed_out"]?.boolValue != true, (answer["_shards"]?["failed"]?.integerValue ?? 0) == 0,
            let hits = answer["hits"]?["hits"]?.arrayValue
        else { return nil }
        return hits.compactMap { hit in
            guard let id = hit["_id"]?.stringValue else { return nil }
            let value = order.hasValue ? hit["sort"]?.arrayValue?.first?.numberValue : 0
            return value.flatMap { Int64(exactly: $0.rounded()) }.map { Position(value: $0, id: id) }
        }
    }

    /// A term in any of the zones. Each zone counts its weight, however often a word is there.
    private func any(_ term: SearchQuery.Term, scored: Bool) -> JSONValue {
        let places = SearchZone.allCases.filter(zones.contains)
        let found = { (isExact: Bool) in places.map { ($0, self.clause(term, in: $0, isExact: isExact)) } }
        guard scored else { return Self.either(found(false).map(\.1)) }
        // A beginning that follows other words is looked for more widely than it counts.
        let isWider = term.isPrefix && term.words.count > 1
        let scores = found(isWider).map { zone, clause -> JSONValue in
            ["constant_score": ["filter": clause, "boost": .integer(Int64(zone.weight))]]
        }
        guard isWider else { return Self.either(scores) }
        return ["bool": ["filter": [Self.either(found(false).map(\.1))], "should": .array(scores)]]
    }

    private func clause(_ term: SearchQuery.Term, in zone: SearchZone, isExact: Bool) -> JSONValue {
        guard let field = term.field else { return clause(term, in: zone.words, isExact: isExact) }
        let named = clause(term, in: zone.named, prefix: "\(field):", isExact: isExact)
        guard field == "text", zone == .messages else { return named }
        return Self.either([named, clause(term, in: zone.words, isExact: isExact)])
    }

    private static func either(_ clauses: [JSONValue]) -> JSONValue {
        ["bool": ["should": .array(clauses), "minimum_should_match": 1]]
    }

    /// - Parameter isExact: whether only phrases will do, though of the words that a beginning stands for the first 1,000
    ///   are looked at.
    private func clause(
        _ term: SearchQuery.Term, in field: String, prefix: String = "", isExact: Bool
    ) -> JSONValue {
        let words = term.words.map { prefix + $0 }
        let last = words.last ?? ""
        guard term.isPrefix else { return Self.phrase(words, in: field) }
        let beginning: JSONValue = ["prefix": .object([field: .string(last)])]
        guard words.count > 1 else { return beginning }
        if term.isExcluded || isExact {
            let text = words.joined(separator: " ")
            return ["match_phrase_prefix": .object([field: ["query": .string(text), "max_expansions": 1000]])]
        }
        // A phrase's last beginning stands for so many words only, and the first in the alphabet: more is asked for, as each
        // item that is found is compared with the query.
        return ["bool": ["filter": [Self.phrase(words.dropLast(), in: field), beginning]]]
    }

    private static func phrase(_ words: [String], in field: String) -> JSONValue {
        let kind = words.count == 1 ? "term" : "match_phrase"
        return .object([kind: .object([field: .string(words.joined(separator: " "))])])
    }
}
