import Domain

/// What the reporting feed tells of all items during the demonstration, whoever submitted them: what reports are held
/// against.
public struct DemoCounts: Sendable, Hashable {
    /// By the name that reports have for it.
    public private(set) var counts: [String: Int64] = [:]
    /// The last event counted.
    public private(set) var position: Int64 = 0

    /// Nothing yet.
    public init() {}

    /// The next event of the feed.
    public mutating func take(_ event: JSONValue) {
        position = event["position"]?.integerValue ?? position
        guard let data = event["data"], data["captureId"] != nil else { return }
        let (from, to) = (data["from"]?.stringValue, data["to"]?.stringValue)
        if from == nil { counts["entered", default: 0] += 1 }
        if let name = Self.names[data["action"]?.stringValue ?? ""] { counts[name, default: 0] += 1 }
        if to == "completed", from != "completed" { counts["completed", default: 0] += 1 }
    }

    private static let names = [
        "offer": "offered", "accept": "accepted", "miss": "missed", "decline": "declined", "transfer": "transferred",
    ]
}
