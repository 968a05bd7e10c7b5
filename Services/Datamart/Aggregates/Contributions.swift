import Domain

/// What a batch adds to the aggregates: sums by row, to be written by one statement for each table.
package struct Contributions: Sendable {
    /// By aggregate and row.
    package private(set) var rows: [[AggregateKey: Measures]]
    /// Changes of the backlog. Zone 0 is the 15-minute table, others the day table.
    package private(set) var backlog: [AggregateKey: Int64] = [:]
    private var intervals: Intervals

    package init(intervals: Intervals) {
        rows = Array(repeating: [:], count: Aggregate.allCases.count)
        self.intervals = intervals
    }

    /// Nothing yet, for the next batch.
    package mutating func clear() {
        for index in rows.indices { rows[index].removeAll(keepingCapacity: rows[index].count < 20_000) }
        backlog.removeAll(keepingCapacity: backlog.count < 20_000)
    }

    /// Adds measures at an instant.
    package mutating func add(
        _ measures: Measures, to aggregate: Aggregate, _ parts: SIMD8<Int32>, at milliseconds: Int64
    ) {
        let start = Intervals.start(of: milliseconds)
        if intervals.isIntraday(start) {
            rows[aggregate.rawValue][AggregateKey(start: start, zone: 0, parts), default: Measures()] += measures
        }
        var zone: Int32 = 0
        for day in intervals.days(at: milliseconds) {
            zone += 1
            rows[aggregate.rawValue][AggregateKey(start: day, zone: zone, parts), default: Measures()] += measures
        }
    }

    /// An open item comes to be of a kind (+1), or ceases to (-1).
    package mutating func changeBacklog(_ kind: BacklogKind, by change: Int64, at milliseconds: Int64) {
        let parts = kind.parts
        let start = Intervals.start(of: milliseconds)
        if intervals.isIntraday(start) {
            backlog[AggregateKey(start: start, zone: 0, parts), default: 0] += change
        }
        var zone: Int32 = 0
        for day in intervals.days(at: milliseconds) {
            zone += 1
            backlog[AggregateKey(start: day, zone: zone, parts), default: 0] += change
        }
    }
}
