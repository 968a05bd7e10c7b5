/// A place where items wait for the agents who serve it.
public struct EndpointConfiguration: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Milliseconds that an agent has to answer an offer.
    public var acceptWithin: Int64 = 30_000
    /// After so many missed offers in a row an agent becomes not ready; nil never.
    public var missedOffersUntilNotReady: Int?
    /// How many of its items may be offered or assigned at once; nil has no limit.
    public var limit: Int?
    /// Milliseconds after which the items of an agent who is away go back to the queue.
    public var returnAfter: Int64 = 300_000

    /// An endpoint: 30 s to answer, no limits, 5 minutes until an absent agent's items return.
    public init(name: String) { self.name = name }

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector
    ) -> EndpointConfiguration? {
        let known = ["name", "acceptWithin", "missedOffersUntilNotReady", "limit", "returnAfter"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let name = reader.requiredText("name", .name)
        var endpoint = EndpointConfiguration(name: name ?? "")
        endpoint.acceptWithin = reader.duration("acceptWithin", in: 1000...86_400_000) ?? endpoint.acceptWithin
        endpoint.missedOffersUntilNotReady = reader.integer("missedOffersUntilNotReady", in: 1...1000)
        endpoint.limit = reader.integer("limit", in: 1...1_000_000)
        endpoint.returnAfter = reader.duration("returnAfter", in: 0...(30 * 86_400_000)) ?? endpoint.returnAfter
        return name == nil ? nil : endpoint
    }

    var document: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "acceptWithin": .string(DurationText.text(milliseconds: acceptWithin)),
        ]
        object["missedOffersUntilNotReady"] = missedOffersUntilNotReady.map { .integer(Int64($0)) }
        object["limit"] = limit.map { .integer(Int64($0)) }
        object["returnAfter"] = .string(DurationText.text(milliseconds: returnAfter))
        return .object(object)
    }
}

/// How much of an agent's capacity an item of a channel takes.
public struct ChannelConfiguration: Sendable, Hashable {
    /// Its name, as in the attribute `channel`.
    public var name: String
    /// Units of capacity.
    public var weight = 1

    /// A channel whose items take that many units.
    public init(name: String, weight: Int = 1) {
        self.name = name
        self.weight = weight
    }

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector
    ) -> ChannelConfiguration? {
        guard let reader = ObjectReader(value, at: pointer, known: ["name", "weight"], problems: problems) else {
            return nil
        }
        let weight = reader.integer("weight", in: 1...1000) ?? 1
        return reader.requiredText("name", .name).map { ChannelConfiguration(name: $0, weight: weight) }
    }

    var document: JSONValue { ["name": .string(name), "weight": .integer(Int64(weight))] }
}
