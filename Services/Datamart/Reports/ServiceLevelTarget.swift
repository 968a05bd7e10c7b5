import Domain
import Storage

/// Per cent of a category's items that are to be completed by their due date, while it holds.
package struct ServiceLevelTarget: Sendable, Hashable {
    let category: String
    let from: CivilDate
    /// The first day on which it holds no longer.
    let to: CivilDate?
    let percent: Double

    package init(category: String, from: CivilDate, to: CivilDate?, percent: Double) {
        self.category = category
        self.from = from
        self.to = to
        self.percent = percent
    }

    static let statement = SQLStatement(
        "SELECT category, valid_from::text, valid_to::text, percent FROM sla_target ORDER BY category, valid_from")

    static func read(_ rows: SQLResult) throws -> [ServiceLevelTarget] {
        try rows.compactMap { row in
            guard let from = CivilDate(try row[1].text) else { return nil }
            return ServiceLevelTarget(
                category: try row[0].text, from: from, to: try row[2].nullable.flatMap { CivilDate(try $0.text) },
                percent: try row[3].double)
        }
    }

    /// The target of a category on a day: its own, else that of the nearest category above it.
    package static func percent(
        of category: String, on day: CivilDate, among targets: [ServiceLevelTarget]
    ) -> Double? {
        var path = category
        while true {
            if let target = targets.last(where: { target in
                target.category == path && target.from <= day && target.to.map { day < $0 } ?? true
            }) {
                return target.percent
            }
            guard let slash = path.lastIndex(of: "/") else { return nil }
            path = String(path[..<slash])
        }
    }

    /// A stretch of days with one target, by its first day, and how many of its completed items had a due date.
    package struct Part: Sendable, Hashable {
        package var day: CivilDate
        package var items: Int64

        package init(day: CivilDate, items: Int64) {
            self.day = day
            self.items = items
        }
    }

    /// The target of a category over a time in which it changed: what would be reached if each part just reached its own.
    /// So it is weighed by items; without any it is that of the last part.
    /// - Parameter parts: in order.
    package static func percent(
        of category: String, over parts: [Part], among targets: [ServiceLevelTarget]
    ) -> Double? {
        let all = parts.map { (items: $0.items, percent: percent(of: category, on: $0.day, among: targets)) }
        guard let last = all.last else { return nil }
        if Set(all.map(\.percent)).count == 1 { return last.percent }
        // Items of a time without a target were to reach nothing.
        let known = all.compactMap { part in part.percent.map { (items: part.items, percent: $0) } }
        let items = known.reduce(0) { $0 + $1.items }
        guard items > 0 else { return last.percent }
        let sum = known.reduce(0.0) { $0 + Double($1.items) * $1.percent }
        return (sum / Double(items) * 1000).rounded() / 1000
    }
}

extension ReportPeriod {
    /// The same period, cut also at the days on which a target changes.
    func cut(at targets: [ServiceLevelTarget]) -> ReportPeriod {
        let days = Set(targets.flatMap { [$0.from, $0.to].compactMap { $0 } })
        return cut(at: days.map(zone.start(of:)).filter { from < $0 && $0 < to })
    }
}

/// Of each row of a report how many items were to reach which target.
struct TargetParts: Sendable {
    private let cut: ReportPeriod
    private var items: [[ReportLabel]: [Int: Int64]] = [:]

    /// - Parameter cut: the report's period, cut where targets change.
    init(cut: ReportPeriod) { self.cut = cut }

    /// What the rows are cut by: the interval first, whatever the report is by.
    static func dimensions(_ by: [ReportDimension]) -> [ReportDimension] {
        [.interval] + by.filter { $0 != .interval }
    }

    /// Takes items of a stretch in.
    /// - Parameter labels: by ``dimensions(_:)``.
    mutating func add(_ count: Int64, _ labels: [ReportLabel]) {
        guard case .interval(let index)? = labels.first else { return }
        items[Array(labels.dropFirst()), default: [:]][index, default: 0] += count
    }

    /// The parts of a row, without holes.
    /// - Parameters:
    ///   - labels: those that are no interval.
    ///   - range: the row's time.
    func parts(of labels: [ReportLabel], in range: Range<Instant>) -> [ServiceLevelTarget.Part] {
        let found = items[labels] ?? [:]
        return cut.starts.indices.filter { range.contains(cut.starts[$0]) }.map { index in
            ServiceLevelTarget.Part(day: cut.zone.day(of: cut.starts[index]), items: found[index] ?? 0)
        }
    }
}
