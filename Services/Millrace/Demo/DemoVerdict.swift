import Domain

/// Whether anything was lost: each acknowledged number must be exactly one item, in the list of items and in the feed, and
/// completed exactly once or still there with another status.
public struct DemoVerdict: Sendable, Hashable {
    /// One thing that must not be.
    public struct Fault: Sendable, Hashable {
        /// The source's number of the item; empty when it is not about one.
        public var captureId: String
        /// What is wrong.
        public var problem: String
    }

    /// Everything that must not be; empty when nothing was lost.
    public var faults: [Fault] = []
    /// Acknowledged items that are not completed, by status: they are all there, and waiting.
    public var unfinished: [String: Int] = [:]
    /// Acknowledged items completed exactly once.
    public var completedOnce = 0

    /// Compares what was acknowledged with the feed and with the list of items.
    /// - Parameter listed: items and statuses from `GET /workitems`, by captureId.
    public init(_ ledger: DemoLedger, listed: [String: [(id: String, status: String)]]) {
        if ledger.gaps > 0 { fault("", "the feed left out positions \(ledger.gaps) times") }
        for (captureId, entry) in ledger.entries.sorted(by: { $0.key < $1.key }) {
            let items = listed[captureId] ?? []
            guard let acknowledged = entry.acknowledged else {
                if let refusal = entry.refusal {
                    fault(captureId, "refused: \(refusal)")
                } else {
                    fault(captureId, "never answered")
                }
                if items.count > 1 { fault(captureId, "\(items.count) items in the list") }
                continue
            }
            if items.isEmpty { fault(captureId, "acknowledged, and not in the list of items") }
            if items.count > 1 { fault(captureId, "\(items.count) items in the list") }
            if let item = items.first, items.count == 1, item.id != acknowledged {
                fault(captureId, "acknowledged as \(acknowledged), listed as \(item.id)")
            }
            if entry.items.isEmpty { fault(captureId, "acknowledged, and not in the feed") }
            if entry.items.count > 1 { fault(captureId, "\(entry.items.count) items in the feed") }
            if entry.completions > 1 { fault(captureId, "completed \(entry.completions) times") }
            guard let status = items.first?.status else { continue }
            if status == "completed" {
                if entry.completions == 1 { completedOnce += 1 }
                if entry.completions == 0 { fault(captureId, "completed, and the feed does not say so") }
            } else {
                unfinished[status, default: 0] += 1
                if entry.completions > 0 { fault(captureId, "completed in the feed, listed as \(status)") }
            }
        }
    }

    /// Adds what does not agree elsewhere.
    public mutating func note(_ problems: [String]) {
        for problem in problems { fault("", problem) }
    }

    private mutating func fault(_ captureId: String, _ problem: String) {
        faults.append(Fault(captureId: captureId, problem: problem))
    }
}
