import Domain

/// Sums of a row by name. What is not there is 0.
package struct ReportSums: Sendable, Hashable {
    private var values: [String: Int64] = [:]

    package init(_ values: [String: Int64] = [:]) { self.values = values.filter { $0.value != 0 } }

    package subscript(name: String) -> Int64 {
        get { values[name] ?? 0 }
        set { values[name] = newValue == 0 ? nil : newValue }
    }

    package static func += (left: inout ReportSums, right: ReportSums) {
        left.values.merge(right.values, uniquingKeysWith: +)
    }

    /// Whether all are 0.
    package var isEmpty: Bool { values.allSatisfy { $0.value == 0 } }
}

/// What a row is grouped by, in one dimension.
package enum ReportLabel: Sendable, Hashable, Comparable {
    /// The place of an interval in the period, from 0.
    case interval(Int)
    /// A name and the number that orders it where names are not in order (bands), else 0.
    case name(order: Int, String)
    /// There is none, such as the agent of an item that nobody has had.
    case none

    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.interval(let a), .interval(let b)): a < b
        case (.name(let a, let x), .name(let b, let y)): a != b ? a < b : x < y
        case (.none, _): false
        case (_, .none): true
        case (.interval, _): true
        case (_, .interval): false
        }
    }

    /// The name; nil for an interval or none.
    var text: String? {
        if case .name(_, let text) = self { text } else { nil }
    }
}

/// A row of sums with what it is grouped by.
package struct ReportRow: Sendable, Hashable {
    package var labels: [ReportLabel]
    package var sums: ReportSums
    /// Levels at the beginning of its interval, or of the period.
    package var opening = ReportSums()
    /// Levels at the end of its interval, or of the period.
    package var closing = ReportSums()

    package init(_ labels: [ReportLabel], _ sums: ReportSums) {
        self.labels = labels
        self.sums = sums
    }

    /// The value of a measure; nil where there is none.
    package func value(of formula: ReportFormula) -> JSONValue? {
        func quotient(_ sum: String, _ count: String, _ factor: Double) -> JSONValue? {
            let whole = sums[count]
            guard whole != 0 else { return nil }
            return .number((Double(sums[sum]) * factor / Double(whole) * 1000).rounded() / 1000)
        }
        return switch formula {
        case .sum(let name): .integer(sums[name])
        case .seconds(let name): .number(Double(sums[name]) / 1000)
        case .mean(let sum, let count): quotient(sum, count, 0.001)
        case .share(let part, let whole): quotient(part, whole, 100)
        case .ratio(let sum, let count): quotient(sum, count, 1)
        case .opening(let level): .integer(opening[level])
        case .closing(let level): .integer(closing[level])
        }
    }

    /// Whether all these measures are 0 or have no value.
    package func showsNothing(of measures: [ReportMeasure]) -> Bool {
        measures.allSatisfy { (value(of: $0.formula)?.numberValue ?? 0) == 0 }
    }
}
