/// How long a mart's data stays.
public struct DatamartRetention: Sendable, Hashable {
    /// Days of events and of the facts of final items.
    public var events = 400
    /// Days of 15-minute aggregates.
    public var intraday = 35
    /// Days of day aggregates.
    public var history = 5 * 365

    /// 400 days, 35 days and 5 years.
    public init() {}

    static func read(_ value: JSONValue, _ pointer: JSONPointer, _ problems: ProblemCollector) -> DatamartRetention? {
        let known = ["events", "intraday", "history"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        var retention = DatamartRetention()
        retention.events = days(reader, "events") ?? retention.events
        retention.intraday = days(reader, "intraday") ?? retention.intraday
        retention.history = days(reader, "history") ?? retention.history
        return retention
    }

    /// `35d`, `26w` or `5y` (of 365 days), from a week to a hundred years.
    private static func days(_ reader: ObjectReader, _ key: String) -> Int? {
        guard let value = reader.value(key) else { return nil }
        let units: [Character: Int] = ["d": 1, "w": 7, "y": 365]
        guard let text = value.stringValue, let unit = text.last.flatMap({ units[$0] }), text.utf8.count <= 6,
            text.dropLast().utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(text.dropLast()),
            (7...36_500).contains(count * unit)
        else {
            reader.report(key, "Expected days, weeks or years from 7d to 100y, such as 35d, 26w or 5y.")
            return nil
        }
        return count * unit
    }

    var document: JSONValue {
        ["events": .string("\(events)d"), "intraday": .string("\(intraday)d"), "history": .string("\(history)d")]
    }
}

/// Which attribute of an item feeds which dimension; nil leaves the dimension empty.
public struct DatamartAttributes: Sendable, Hashable {
    /// Of `dim_customer`.
    public var customer: String? = "customer"
    /// Of `dim_segment`.
    public var segment: String? = "segment"
    /// Of `dim_product`.
    public var product: String? = "product"
    /// Of `dim_media_type`.
    public var mediaType: String? = "mediaType"

    /// Each dimension from the attribute of its own name.
    public init() {}

    static func read(_ value: JSONValue, _ pointer: JSONPointer, _ problems: ProblemCollector) -> DatamartAttributes? {
        let known = ["customer", "segment", "product", "mediaType"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let rule = TextRule(bytes: 1...WorkItemLimits.attributeNameBytes)
        var attributes = DatamartAttributes()
        attributes.customer = reader.text("customer", rule) ?? attributes.customer
        attributes.segment = reader.text("segment", rule) ?? attributes.segment
        attributes.product = reader.text("product", rule) ?? attributes.product
        attributes.mediaType = reader.text("mediaType", rule) ?? attributes.mediaType
        return attributes
    }

    var document: JSONValue {
        var object = JSONObject()
        object["customer"] = customer.map(JSONValue.string)
        object["segment"] = segment.map(JSONValue.string)
        object["product"] = product.map(JSONValue.string)
        object["mediaType"] = mediaType.map(JSONValue.string)
        return .object(object)
    }
}

/// The percentage of a category's items that are to be done by their due date, from a day on.
public struct SLATarget: Sendable, Hashable {
    /// Path of the category, such as `Incidents/Major`; it holds for those below it that have none of their own.
    public var category: String
    /// 0 to 100.
    public var percent: Double
    /// The first day on which it holds, in the mart's time zone.
    public var from: CivilDate

    /// A target.
    public init(category: String, percent: Double, from: CivilDate) {
        self.category = category
        self.percent = percent
        self.from = from
    }

    static func readAll(_ mart: ObjectReader) -> [SLATarget] {
        var seen: Set<String> = []
        return mart.list("slaTargets", atMost: 10_000).compactMap { value, pointer in
            let known = ["category", "percent", "from"]
            guard let reader = ObjectReader(value, at: pointer, known: known, problems: mart.problems) else {
                return nil
            }
            let category = reader.requiredText("category", TextRule(bytes: 1...2000))
            reader.require("percent", "a number from 0 to 100")
            let percent = reader.number("percent", in: 0...100)
            reader.require("from", "a date such as \"2026-01-01\"")
            let date = reader.value("from")?.stringValue.flatMap { CivilDate($0) }
            guard let date, (2000...2099).contains(date.year) else {
                if reader.value("from") != nil {
                    reader.report("from", "Expected a date from 2000-01-01 to 2099-12-31, such as \"2026-01-01\".")
                }
                return nil
            }
            guard let category, let percent else { return nil }
            if !seen.insert("\(category)\u{0}\(date)").inserted {
                reader.report("from", "This category has another target from this day on; keep one.")
            }
            return SLATarget(category: category, percent: percent, from: date)
        }
    }

    var document: JSONValue {
        ["category": .string(category), "percent": .number(percent), "from": .string("\(from)")]
    }
}
