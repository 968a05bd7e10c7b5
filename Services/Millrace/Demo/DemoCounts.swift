import Domain

/// What the reporting feed tells of all items and messages during the demonstration, whoever submitted them: what reports are
/// held against.
public struct DemoCounts: Sendable, Hashable {
    /// Of items, by the name that reports have for it; `assignment` is each time that one went to an agent.
    public private(set) var counts: [String: Int64] = [:]
    /// Of messages, by the name that the report has for it.
    public private(set) var messages: [String: Int64] = [:]
    /// The last event counted.
    public private(set) var position: Int64 = 0

    /// Nothing yet.
    public init() {}

    /// The next event of the feed.
    public mutating func take(_ event: JSONValue) {
        position = event["position"]?.integerValue ?? position
        guard let data = event["data"] else { return }
        let (from, to) = (data["from"]?.stringValue, data["to"]?.stringValue)
        if data["emailId"] != nil {
            if from != to, let to { messages[Self.states[to] ?? to, default: 0] += 1 }
            return
        }
        guard data["captureId"] != nil else { return }
        if from == nil { counts["entered", default: 0] += 1 }
        let action = data["action"]?.stringValue ?? ""
        if let name = Self.names[action] { counts[name, default: 0] += 1 }
        if Self.handing.contains(action) { counts["assignment", default: 0] += 1 }
        if to == "completed", from != "completed" { counts["completed", default: 0] += 1 }
    }

    private static let names = [
        "offer": "offered", "accept": "accepted", "miss": "missed", "decline": "declined", "transfer": "transferred",
        "pull": "pulled", "assign": "given",
    ]
    /// What hands an item to an agent.
    private static let handing: Set<String> = ["offer", "pull", "assign", "unpark"]
    /// States that the report names otherwise.
    private static let states = ["draft": "drafted"]
}
