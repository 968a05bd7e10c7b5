/// Where a tenant's data mart is, and what goes into it.
public struct DatamartConfiguration: Sendable, Hashable {
    /// The tenant's own database: `postgresql://role@host:port/database`, without a password.
    public var url: String
    /// Name of the stored secret with the role's password; nil when the database asks for none.
    public var secret: String?
    /// The time zone of reports that name none, and of days; `UTC` unless said otherwise.
    public var timeZone = "UTC"
    /// More time zones that reports may name.
    public var timeZones: [String] = []
    /// How long data stays.
    public var retention = DatamartRetention()
    /// Attributes of items that dimensions are made of.
    public var attributes = DatamartAttributes()
    /// Attributes with a dimension of the tenant's own, in the order of `custom_1`, `custom_2`, …
    public var custom: [String] = []
    /// What service levels are held against.
    public var slaTargets: [SLATarget] = []
    /// Where agents' names and teams come from.
    public var directory = DatamartDirectory()

    /// The most custom attributes.
    public static let mostCustom = 20

    /// A mart with everything else as usual.
    public init(url: String) { self.url = url }

    /// Every time zone, that of reports first.
    public var allTimeZones: [String] { [timeZone] + timeZones.filter { $0 != timeZone } }

    /// Time zones that nobody could count days by; core takes none any more.
    public var unknownTimeZones: [String] { allTimeZones.filter { !TimeZoneName.isKnown($0) } }

    /// The secrets that it names, each once.
    public var secrets: [String] {
        var seen: Set<String> = []
        return [secret, directory.secret, directory.workspace?.secret].compactMap { $0 }
            .filter { seen.insert($0).inserted }
    }

    static let members = [
        "url", "secret", "timeZone", "timeZones", "retention", "attributes", "custom", "slaTargets", "directory",
    ]

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, now: Instant?, problems: ProblemCollector
    ) -> DatamartConfiguration? {
        guard let reader = ObjectReader(value, at: pointer, known: members, problems: problems) else { return nil }
        let url = reader.databaseAddress("url", isRequired: true)
        var mart = DatamartConfiguration(url: url ?? "")
        mart.secret = reader.text("secret", .pathName)
        if let zone = reader.text("timeZone", .name) {
            mart.timeZone = zone
            checkZone(zone, at: pointer.appending("timeZone"), now, problems)
        }
        let zones = reader.texts("timeZones", .name) ?? []
        if zones.count > 10 { reader.report("timeZones", "Expected at most 10 time zones, found \(zones.count).") }
        for (zone, place) in zones { checkZone(zone, at: place, now, problems) }
        mart.timeZones = zones.map(\.text)
        mart.retention = reader.member("retention", DatamartRetention.read) ?? mart.retention
        mart.attributes = reader.member("attributes", DatamartAttributes.read) ?? mart.attributes
        let custom = reader.texts("custom", TextRule(bytes: 1...WorkItemLimits.attributeNameBytes)) ?? []
        if custom.count > mostCustom {
            reader.report("custom", "Expected at most \(mostCustom) attributes, found \(custom.count).")
        }
        mart.custom = custom.map(\.text)
        mart.slaTargets = SLATarget.readAll(reader)
        mart.directory = reader.member("directory", DatamartDirectory.read) ?? mart.directory
        return url == nil ? nil : mart
    }

    private static func checkZone(
        _ zone: String, at place: JSONPointer, _ now: Instant?, _ problems: ProblemCollector
    ) {
        guard now != nil, !TimeZoneName.isKnown(zone) else { return }
        problems.add(place, "Expected \(TimeZoneName.expected), found \(zone.prefix(100)).")
    }

    /// The section in its agreed form.
    public var document: JSONValue {
        var object: JSONObject = ["url": .string(url)]
        object["secret"] = secret.map(JSONValue.string)
        object["timeZone"] = .string(timeZone)
        object["timeZones"] = .array(timeZones.map(JSONValue.string))
        object["retention"] = retention.document
        object["attributes"] = attributes.document
        object["custom"] = .array(custom.map(JSONValue.string))
        object["slaTargets"] = .array(slaTargets.map(\.document))
        object["directory"] = directory.document
        return .object(object)
    }
}

extension ObjectReader {
    /// Reads a member with a reader of its own.
    func member<Value>(
        _ key: String, _ read: (JSONValue, JSONPointer, ProblemCollector) -> Value?
    ) -> Value? {
        value(key).flatMap { read($0, pointer.appending(key), problems) }
    }

    /// The address of a PostgreSQL database, with host and database and without a password.
    func databaseAddress(_ key: String, isRequired: Bool) -> String? {
        if isRequired { require(key, "an address such as postgresql://mart@db.example.com:5432/mart") }
        guard let url = text(key, TextRule(bytes: 1...500)) else { return nil }
        guard let problem = DatabaseAddress.problem(with: url) else { return url }
        report(key, problem)
        return nil
    }
}
