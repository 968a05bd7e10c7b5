import Domain

/// What the demonstration handed in and what the reporting feed says became of it.
public struct DemoLedger: Sendable {
    /// One submitted item.
    struct Entry: Sendable {
        var acknowledged: String?
        var refusal: String?
        var items: Set<String> = []
        var submittedAt: Domain.Instant?
        var offeredAt: Domain.Instant?
        var completions = 0
        var status = ""
    }

    private(set) var entries: [String: Entry] = [:]
    /// Submits that were sent.
    public private(set) var submitted = 0
    /// Submits that were answered with an item.
    public private(set) var acknowledged = 0
    /// Submits that were refused.
    public private(set) var refused = 0
    /// Offers, accepted or not.
    public private(set) var offers = 0
    /// Offers that nobody answered.
    public private(set) var missed = 0
    /// Offers that were declined.
    public private(set) var declined = 0
    /// Items handed on.
    public private(set) var transferred = 0
    /// Items completed.
    public private(set) var completed = 0
    /// Completed items that had a due date.
    public private(set) var dated = 0
    /// Completed items whose due date had not passed.
    public private(set) var withinServiceLevel = 0
    /// Items completed at each endpoint.
    public private(set) var completedByEndpoint: [String: Int] = [:]
    /// Items completed by each agent.
    public private(set) var completedByAgent: [String: Int] = [:]
    /// From a submit to its answer.
    public private(set) var acknowledging = LatencyHistogram()
    /// From the item's first event to its first offer.
    public private(set) var waiting = LatencyHistogram()
    /// What all items did, not only those of the demonstration.
    public private(set) var counts = DemoCounts()
    /// Positions that the feed left out: it must have none.
    public private(set) var gaps = 0
    /// Up to here the feed was followed.
    public private(set) var position: Int64

    /// - Parameter position: the feed's last position before the demonstration.
    public init(after position: Int64) { self.position = position }

    /// A submit was sent.
    public mutating func submit(_ captureId: String) {
        submitted += 1
        if entries[captureId] == nil { entries[captureId] = Entry() }
    }

    /// A submit was answered.
    /// - Parameters:
    ///   - item: the item's id, nil when it was refused.
    ///   - problem: why it was refused.
    public mutating func answer(_ captureId: String, item: String?, problem: String = "", after time: Duration) {
        if let item {
            acknowledged += 1
            acknowledging.record(time)
            entries[captureId, default: Entry()].acknowledged = item
        } else {
            refused += 1
            entries[captureId, default: Entry()].refusal = problem
        }
    }

    /// The next event of the feed.
    public mutating func take(_ event: JSONValue) {
        let place = event["position"]?.integerValue ?? 0
        if place != position + 1 { gaps += 1 }
        position = place
        counts.take(event)
        guard let data = event["data"], let captureId = data["captureId"]?.stringValue, var entry = entries[captureId]
        else { return }
        let time = event["time"]?.stringValue.flatMap { Instant(rfc3339: $0) }
        if let id = data["workItemId"]?.stringValue { entry.items.insert(id) }
        entry.status = data["to"]?.stringValue ?? entry.status
        entry.submittedAt = entry.submittedAt ?? time
        switch data["action"]?.stringValue {
        case "offer":
            offers += 1
            if entry.offeredAt == nil, let time, let start = entry.submittedAt {
                entry.offeredAt = time
                waiting.record(microseconds: (time - start) * 1000)
            }
        case "miss": missed += 1
        case "decline": declined += 1
        case "transfer": transferred += 1
        case "complete", "autocomplete":
            completed += 1
            entry.completions += 1
            completedByEndpoint[data["endpoint"]?.stringValue ?? "", default: 0] += 1
            if let agent = data["agent"]?.stringValue { completedByAgent[agent, default: 0] += 1 }
            if let due = data["due"]?.stringValue.flatMap({ Instant(rfc3339: $0) }), let time {
                dated += 1
                if time <= due { withinServiceLevel += 1 }
            }
        default: break
        }
        entries[captureId] = entry
    }

    /// Whether everything that was sent has an answer and everything acknowledged is completed in the feed.
    public var isFinished: Bool { acknowledged + refused == submitted && completed >= acknowledged }

    /// Acknowledged items that the feed does not show as completed yet.
    public var open: Int { max(0, acknowledged - completed) }
}
