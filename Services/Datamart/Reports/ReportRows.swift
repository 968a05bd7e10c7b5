import ServiceKit

/// Puts rows together: pure, so that what a report shows can be tested as values.
package enum ReportRows {
    /// Rows of a report; more would fill the memory.
    package static let mostRows = 100_000

    static let tooMany = Problem.unprocessable(
        "The report would have more than \(mostRows) rows; ask for a shorter period, longer intervals, or less in by.")

    /// Rows with the same labels become one; in the order of labels.
    package static func merged(_ rows: [ReportRow]) -> [ReportRow] {
        var sums: [[ReportLabel]: ReportSums] = [:]
        for row in rows { sums[row.labels, default: ReportSums()] += row.sums }
        return sorted(sums.map { ReportRow($0, $1) })
    }

    /// Gives rows their levels, and adds rows where there are levels and nothing happened.
    ///
    /// - Parameters:
    ///   - rows: merged; in their sums are the changes of levels, by the levels' names.
    ///   - before: levels at the period's beginning, by the labels that are no interval.
    ///   - place: of the interval among the labels; nil when rows are not by interval.
    ///   - intervals: how many of the period have begun.
    ///   - most: rows that a report may have.
    /// - Throws: 422 when there would be more.
    package static func withLevels(
        _ rows: [ReportRow], _ levels: [String], before: [[ReportLabel]: ReportSums], place: Int?, intervals: Int,
        most: Int = mostRows
    ) throws(Problem) -> [ReportRow] {
        guard let place else {
            var found = Dictionary(rows.map { ($0.labels, $0) }, uniquingKeysWith: { first, _ in first })
            for (labels, open) in before where !open.isEmpty && found[labels] == nil {
                found[labels] = ReportRow(labels, ReportSums())
            }
            return sorted(found.values.map { $0.risen(from: before[$0.labels] ?? ReportSums(), levels) })
        }
        var series: [[ReportLabel]: [Int: ReportRow]] = [:]
        for row in rows {
            guard case .interval(let index) = row.labels[place] else { continue }
            series[row.labels.without(place), default: [:]][index] = row
        }
        for (labels, open) in before where !open.isEmpty && series[labels] == nil { series[labels] = [:] }
        var all: [ReportRow] = []
        for (labels, found) in series {
            var open = before[labels] ?? ReportSums()
            for index in 0..<max(intervals, (found.keys.max() ?? -1) + 1) {
                var row = found[index]
                // The course of the whole has no holes; of a part it has where there is nothing of it.
                if row == nil, labels.isEmpty || !open.isEmpty {
                    var full = labels
                    full.insert(.interval(index), at: place)
                    row = ReportRow(full, ReportSums())
                }
                guard let row = row?.risen(from: open, levels) else { continue }
                guard all.count < most else { throw tooMany }
                open = row.closing
                all.append(row)
            }
        }
        return sorted(all)
    }

    /// One row for all of them. Its levels are those of the first and the last interval.
    package static func total(_ rows: [ReportRow], place: Int?) -> ReportRow {
        var total = ReportRow([], ReportSums())
        for row in rows { total.sums += row.sums }
        var first: [[ReportLabel]: ReportRow] = [:]
        var last: [[ReportLabel]: ReportRow] = [:]
        for row in rows {
            let rest = place.map { row.labels.without($0) } ?? row.labels
            if place == nil || first[rest].map({ row.labels[place!] < $0.labels[place!] }) ?? true { first[rest] = row }
            if place == nil || last[rest].map({ $0.labels[place!] < row.labels[place!] }) ?? true { last[rest] = row }
        }
        for row in first.values { total.opening += row.opening }
        for row in last.values { total.closing += row.closing }
        return total
    }

    private static func sorted(_ rows: [ReportRow]) -> [ReportRow] {
        rows.sorted { isBefore($0.labels, $1.labels) }
    }

    /// Whether labels come before others.
    package static func isBefore(_ left: [ReportLabel], _ right: [ReportLabel]) -> Bool {
        for (a, b) in zip(left, right) where a != b { return a < b }
        return false
    }
}

extension ReportRow {
    /// With levels that were `opening` at its beginning and have changed by its sums.
    fileprivate func risen(from opening: ReportSums, _ levels: [String]) -> ReportRow {
        var row = self
        row.opening = opening
        row.closing = opening
        for level in levels { row.closing[level] += sums[level] }
        return row
    }
}

extension [ReportLabel] {
    fileprivate func without(_ place: Int) -> [ReportLabel] {
        var rest = self
        rest.remove(at: place)
        return rest
    }
}
