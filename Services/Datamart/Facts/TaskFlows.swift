import Domain

/// What one step counts, before it is put under its keys: what ends is counted under what the item was, what begins
/// under what it has become, each under the agent concerned.
struct TaskFlows {
    /// Under what the item was, or has become.
    enum Side { case before, after }

    private struct Bundle {
        var side: Side
        var agent: Int32
        var measures: Measures
    }

    private let before: TaskState
    private let after: TaskState
    private let time: Int64
    // A step has one or two; a search is cheaper than a dictionary.
    private var bundles: [Bundle] = []

    init(before: TaskState, after: TaskState, time: Int64) {
        self.before = before
        self.after = after
        self.time = time
    }

    /// Counts; nil counts nothing.
    mutating func count(_ measure: Measure?, _ amount: Int64 = 1, _ side: Side = .after, agent: Int32 = 0) {
        guard let measure else { return }
        if let index = bundles.firstIndex(where: { $0.side == side && $0.agent == agent }) {
            bundles[index].measures[measure] += amount
        } else {
            var bundle = Bundle(side: side, agent: agent, measures: Measures())
            bundle.measures[measure] = amount
            bundles.append(bundle)
        }
    }

    /// - Parameter priorityBand: of the item after the step.
    func add(priorityBand: Int32, to contributions: inout Contributions) {
        for bundle in bundles {
            let item = bundle.side == .before ? before : after
            let band = bundle.side == .before ? before.priorityBand : priorityBand
            contributions.add(
                bundle.measures, to: .process, [item.category, item.queue, bundle.agent, item.source, 0, 0, 0, 0],
                at: time)
            contributions.add(
                bundle.measures, to: .segment,
                [
                    item.category, item.segment, item.product, item.channel, item.mediaType, item.businessValueBand, 0,
                    0,
                ], at: time)
            contributions.add(
                bundle.measures, to: .priority, [item.category, item.queue, band, 0, 0, 0, 0, 0], at: time)
            contributions.add(
                bundle.measures, to: .age,
                [item.category, item.queue, item.source, item.ageBand(at: time), 0, 0, 0, 0], at: time)
        }
    }
}
