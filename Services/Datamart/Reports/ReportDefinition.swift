/// Aggregates that a report adds up.
package struct ReportFlow: Sendable {
    /// `agg`: the tables `agg_15m` and `agg_day`. With `facts`, only its name.
    let table: String
    /// What is counted where no aggregate is cut so.
    var facts: CountedFacts?
    /// What they are cut by.
    let dimensions: Set<ReportDimension>
    /// What is added up: columns, or names of expressions over them.
    var sums: [String]
    /// Sums that are no columns.
    package static let expressions = ["present_ms": "busy_ms + idle_ms"]
    /// A condition that always holds, in SQL.
    var only: String?

    init(_ table: String, by dimensions: Set<ReportDimension>, _ sums: [String], only: String? = nil) {
        self.table = table
        self.dimensions = dimensions
        self.sums = sums
        self.only = only
    }
}

/// Facts that are counted by what they are.
package struct CountedFacts: Sendable {
    /// A query that gives their time as `at`, what they are as `kind`, and the columns of what rows are cut by.
    let query: String
    /// What each sum counts.
    let kinds: [String: String]
}

/// How many open items of a kind there are at an instant.
package struct ReportLevel: Sendable {
    package let name: String
    /// Which open items, in SQL over the columns of `backlog_15m`.
    package let condition: String
    /// Its column in `backlog_total_15m`; nil when that has none.
    var total: String?

    /// What `backlog_total_15m` can be cut by, in columns.
    static let totalColumns = Set([ReportDimension.interval, .category, .queue, .source].map(\.column))
    /// What levels can be cut by.
    static let dimensions: Set<ReportDimension> = [.category, .queue, .source, .status, .ageBand]

    /// That an item has become work: one whose activation is yet to come has not, and core counts it nowhere either.
    static let isWork = "status_key <> 1"
    /// All that are open and have become work.
    static let backlog = ReportLevel(name: "backlog", condition: isWork, total: "backlog")
    /// Those of them past their due date.
    static let overdue = ReportLevel(name: "overdue", condition: "overdue AND \(isWork)", total: "overdue")
    /// Those whose activation is yet to come.
    static let upcoming = ReportLevel(name: "upcoming", condition: "status_key = 1", total: "upcoming")
    /// Those that wait for an agent.
    static let waiting = ReportLevel(name: "waiting", condition: "status_key IN (2, 3)")
    /// Those that an agent has.
    static let withAgents = ReportLevel(name: "withAgents", condition: "status_key IN (4, 5)")
    /// Those that were set aside: held or in a workbin.
    static let aside = ReportLevel(name: "aside", condition: "status_key IN (6, 7, 8)")
}

/// A report over aggregates: what its rows can be by and what it shows of them.
package struct ReportDefinition: Sendable {
    /// In addresses and commands.
    package let name: String
    package let title: String
    /// What it answers, for people.
    let summary: String
    /// What rows can be by; filters too, but for the interval.
    let dimensions: [ReportDimension]
    let defaultBy: [ReportDimension]
    /// What is added up. Of flows with sums in common the first that can be cut as wanted is read: the smaller go first.
    let flows: [ReportFlow]
    package var levels: [ReportLevel] = []
    package let measures: [ReportMeasure]
    /// What items its rows lead to, by the links' names.
    var items: [(link: String, row: ItemReport.Row)] = [("items", .entered), ("finished", .finished), ("open", .open)]
    /// Whether it only counts what agents did.
    var isOfAgents = false
    /// Whether the service level target of categories is shown beside what was reached.
    var hasTarget = false

    /// The flows to read, each with the sums that are shown; measures whose flow cannot be cut so are not shown.
    func flows(cutBy wanted: Set<ReportDimension>) -> [ReportFlow] {
        let needed = Set(measures.flatMap(\.formula.sums))
        var taken: Set<String> = []
        return flows.compactMap { flow in
            guard flow.dimensions.isSuperset(of: wanted) else { return nil }
            var flow = flow
            flow.sums = flow.sums.filter { needed.contains($0) && taken.insert($0).inserted }
            return flow.sums.isEmpty ? nil : flow
        }
    }

    /// What items rows by these lead to, each as many as the row counts.
    func items(cutBy wanted: Set<ReportDimension>) -> [(link: String, row: ItemReport.Row)] {
        let isByAgent = !wanted.isDisjoint(with: [.agent, .team])
        let shown = items.filter { _, row in
            switch row {
            // Open items are not counted by agent.
            case .open: !isByAgent
            // Others than agents end items, too.
            case .finished: isByAgent || !isOfAgents
            default: true
            }
        }
        let countsOffers = measures.contains { $0.formula == .sum("offered") }
        guard isByAgent, countsOffers, !shown.contains(where: { $0.row == .assignment }) else { return shown }
        return shown + [(link: "assignments", row: .assignment)]
    }

    /// The levels, when they can be cut and restricted by these.
    func levels(cutBy wanted: Set<ReportDimension>) -> [ReportLevel] {
        ReportLevel.dimensions.isSuperset(of: wanted) ? levels : []
    }

    /// The measures that can be had by these.
    func measures(cutBy wanted: Set<ReportDimension>) -> [ReportMeasure] {
        let sums = Set(flows(cutBy: wanted).flatMap(\.sums))
        let levels = Set(levels(cutBy: wanted).map(\.name))
        return measures.filter { measure in
            measure.formula.level.map(levels.contains) ?? sums.isSuperset(of: measure.formula.sums)
        }
    }
}
