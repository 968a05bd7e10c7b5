/// How many items a tenant or a source may submit. Only submits count, over HTTP and Kafka alike.
public struct QuotaConfiguration: Sendable, Hashable {
    /// Submits in each second of the clock: windows of a second, fixed, not sliding.
    public var perSecond: Int
    /// Submits in each day (UTC); nil has no limit.
    public var perDay: Int?

    /// A quota.
    public init(perSecond: Int, perDay: Int? = nil) {
        self.perSecond = perSecond
        self.perDay = perDay
    }

    /// Reads the member `quota` of what `reader` reads.
    static func read(_ reader: ObjectReader) -> QuotaConfiguration? {
        let place = reader.pointer.appending("quota")
        guard let value = reader.value("quota"),
            let quota = ObjectReader(value, at: place, known: ["perSecond", "perDay"], problems: reader.problems)
        else { return nil }
        quota.require("perSecond", "a number of items")
        let perDay = quota.integer("perDay", in: 1...1_000_000_000_000)
        return quota.integer("perSecond", in: 1...1_000_000).map { QuotaConfiguration(perSecond: $0, perDay: perDay) }
    }

    var document: JSONValue {
        var object: JSONObject = ["perSecond": .integer(Int64(perSecond))]
        object["perDay"] = perDay.map { .integer(Int64($0)) }
        return .object(object)
    }
}

/// How long a tenant's data stays.
public struct RetentionConfiguration: Sendable, Hashable {
    /// Days for which an item stays after its end; at least 7, as answers to commands are kept so long.
    public var finalItems = 90
    /// Days for which events stay in the reporting feed; at least 7.
    public var events = 90

    /// 90 days for both unless said otherwise.
    public init(finalItems: Int = 90, events: Int = 90) {
        self.finalItems = finalItems
        self.events = events
    }

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector
    ) -> RetentionConfiguration? {
        let known = ["finalItems", "events"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        var retention = RetentionConfiguration()
        retention.finalItems = reader.integer("finalItems", in: 7...36_500) ?? retention.finalItems
        retention.events = reader.integer("events", in: 7...36_500) ?? retention.events
        return retention
    }

    var document: JSONValue { ["finalItems": .integer(Int64(finalItems)), "events": .integer(Int64(events))] }
}
