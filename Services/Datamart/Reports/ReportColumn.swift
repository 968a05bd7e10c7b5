import Domain

/// What a column of a report holds, so that a reader knows how to show it.
package enum ReportValueKind: String, Sendable, CaseIterable {
    /// A name that rows are grouped by.
    case dimension
    /// The beginning of an interval, or an instant.
    case time
    /// Anything else that is no number.
    case text
    /// Whole numbers of items, assignments, messages.
    case count
    /// A span of time, in seconds.
    case seconds
    /// 0 to 100.
    case percent
    /// A plain number.
    case ratio

    /// Whether it says what a row is of, and nothing about it.
    var isLabel: Bool { self == .dimension || self == .time || self == .text }
}

/// How a measure comes out of sums. Sums are additive over rows, so that a measure of several rows is the measure of
/// their sums: never an average of averages.
package enum ReportFormula: Sendable, Hashable {
    /// The sum itself.
    case sum(String)
    /// Seconds: a sum of milliseconds by a count; none where the count is 0.
    case mean(String, per: String)
    /// Seconds: a sum of milliseconds.
    case seconds(String)
    /// Per cent: a part of a whole; none where the whole is 0.
    case share(String, of: String)
    /// A sum by a count.
    case ratio(String, per: String)
    /// A level, such as the backlog, at the beginning of the row's interval, or of the period.
    case opening(String)
    /// A level at the end of the row's interval, or of the period.
    case closing(String)

    /// The sums that it needs.
    var sums: [String] {
        switch self {
        case .sum(let sum), .seconds(let sum): [sum]
        case .mean(let sum, let count), .share(let sum, let count), .ratio(let sum, let count): [sum, count]
        case .opening, .closing: []
        }
    }

    /// The level that it is of; nil for what flows.
    var level: String? {
        switch self {
        case .opening(let level), .closing(let level): level
        default: nil
        }
    }
}

/// A measure as a report shows it.
package struct ReportMeasure: Sendable, Hashable {
    /// Member of a row.
    package let name: String
    /// What stands above it.
    package let title: String
    package let formula: ReportFormula
    /// Whether it is one of those that tell the report's story, to be charted.
    package let isMain: Bool

    package init(_ name: String, _ title: String, _ formula: ReportFormula, main: Bool = false) {
        self.name = name
        self.title = title
        self.formula = formula
        isMain = main
    }

    /// What its values are.
    var kind: ReportValueKind {
        switch formula {
        case .sum, .opening, .closing: .count
        case .mean, .seconds: .seconds
        case .share: .percent
        case .ratio: .ratio
        }
    }
}
