/// A system that hands work items in.
public struct SourceConfiguration: Sendable, Hashable {
    /// Its name: the `source` of its CloudEvents, part of addresses.
    public var name: String
    /// Attributes that its items get where they have none of that name.
    public var defaults: JSONObject = [:]
    /// A topic for its commands alone, so that the topic's access list is its credential.
    public var topic: String?
    /// Where its items' changes of status go.
    public var replies: RepliesConfiguration?
    /// How much it may hand in.
    public var quota: QuotaConfiguration?

    /// A source that only has a name.
    public init(name: String) { self.name = name }

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> SourceConfiguration? {
        let known = ["name", "defaults", "topic", "replies", "quota"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let name = reader.requiredText("name", .pathName)
        var source = SourceConfiguration(name: name ?? "")
        if let defaults = reader.value("defaults") {
            source.defaults = AttributeRules.check(
                defaults, at: pointer.appending("defaults"), allowingNull: false, problems: problems)
        }
        source.topic = topic(reader, "topic")
        source.replies = reader.value("replies").flatMap {
            RepliesConfiguration.read($0, at: pointer.appending("replies"), problems: problems)
        }
        source.quota = QuotaConfiguration.read(reader)
        return name == nil ? nil : source
    }

    /// A name that Kafka takes: letters, digits, dots, underscores and hyphens, at most 249 of them.
    static func topic(_ reader: ObjectReader, _ key: String) -> String? {
        guard let topic = reader.text(key, TextRule(bytes: 1...249)) else { return nil }
        let isLegal = topic.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 46 || $0 == 95
                || $0 == 45
        }
        guard isLegal, topic != ".", topic != ".." else {
            reader.report(key, "Expected a topic's name: letters, digits, dots, underscores and hyphens.")
            return nil
        }
        return topic
    }

    var document: JSONValue {
        var object: JSONObject = ["name": .string(name), "defaults": JSONValue.object(defaults).canonical()]
        object["topic"] = topic.map(JSONValue.string)
        object["replies"] = replies?.document
        object["quota"] = quota?.document
        return .object(object)
    }
}
