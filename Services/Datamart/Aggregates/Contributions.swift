import Domain

/// What a batch adds to the aggregates: sums by row, to be written by one statement for each table.
///
/// Kept by quarter alone while a batch is folded: a quarter lies in one day of each zone, so the days' sums are made of
/// the quarters' at the end, and a step looks up a third of the rows.
package struct Contributions: Sendable {
    /// By aggregate and quarter, also of those that the 15-minute tables do not hold.
    private var quarters: [[AggregateKey: Measures]]
    private var changes: [AggregateKey: Int64] = [:]
    private let intervals: Intervals

    package init(intervals: Intervals) {
        quarters = Array(repeating: [:], count: Aggregate.allCases.count)
        self.intervals = intervals
    }

    /// By aggregate and row. Zone 0 is the 15-minute table, others the day table.
    package var rows: [[AggregateKey: Measures]] {
        quarters.map { spread($0) { $0[$1, default: Measures()] += $2 } }
    }

    /// Changes of the backlog, by row.
    package var backlog: [AggregateKey: Int64] { spread(changes) { $0[$1, default: 0] += $2 } }

    /// Nothing yet, for the next batch.
    package mutating func clear() {
        for index in quarters.indices { quarters[index].removeAll(keepingCapacity: quarters[index].count < 20_000) }
        changes.removeAll(keepingCapacity: changes.count < 20_000)
    }

    /// Adds measures at an instant.
    package mutating func add(
        _ measures: Measures, to aggregate: Aggregate, _ parts: SIMD8<Int32>, at milliseconds: Int64
    ) {
        let key = AggregateKey(start: Intervals.start(of: milliseconds), parts)
        quarters[aggregate.rawValue][key, default: Measures()] += measures
    }

    /// An open item comes to be of a kind (+1), or ceases to (-1).
    package mutating func changeBacklog(_ kind: BacklogKind, by change: Int64, at milliseconds: Int64) {
        changes[AggregateKey(start: Intervals.start(of: milliseconds), kind.parts), default: 0] += change
    }

    /// The quarters that the 15-minute tables hold, and the days of each zone.
    private func spread<Value>(
        _ sums: [AggregateKey: Value], _ add: (inout [AggregateKey: Value], AggregateKey, Value) -> Void
    ) -> [AggregateKey: Value] {
        var intervals = intervals
        var rows: [AggregateKey: Value] = [:]
        for (key, value) in sums {
            if intervals.isIntraday(key.start) { rows[key] = value }
            for (index, day) in intervals.days(at: key.start).enumerated() {
                add(&rows, AggregateKey(start: day, zone: Int32(index + 1), key.parts), value)
            }
        }
        return rows
    }
}
