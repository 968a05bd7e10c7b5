import Domain
import Storage

/// Keys that a filter stands for.
struct ReportFilterKeys: Sendable {
    let column: String
    /// Keys, or texts where the column holds text.
    let value: SQLValue
}

/// Writes the statements of a report over aggregates.
///
/// Their texts depend on the report and on what it is cut and restricted by, never on values, so that each is prepared
/// once; the tables are partitioned by time, and the ranges of time are parameters that PostgreSQL prunes by.
struct ReportSQL {
    let period: ReportPeriod
    let by: [ReportDimension]
    let filters: [ReportFilterKeys]

    struct Builder {
        var parameters: [SQLValue] = []

        mutating func add(_ value: SQLValue, as type: String) -> String {
            parameters.append(value)
            return "$\(parameters.count)::\(type)"
        }

        /// A day; PostgreSQL would read a text anew for each row that it is compared with.
        mutating func add(_ day: CivilDate) -> String {
            "(date '1970-01-01' + \(add(.int4(Int32(clamping: day.daysSince1970)), as: "int")))"
        }
    }

    /// Sums of a flow: one column for each of `by`, then one for each of its sums.
    func flow(_ flow: ReportFlow) -> SQLStatement {
        if let facts = flow.facts { return counting(facts, flow.sums) }
        let sums = flow.sums.map { name in
            "coalesce(sum(\(ReportFlow.expressions[name] ?? name)), 0)::bigint"
        }
        return overPeriod(Source("\(flow.table)_15m", sums), Source("\(flow.table)_day", sums), only: flow.only)
    }

    /// Changes of levels in the period: one column for each of `by`, then one for each level.
    func changes(_ levels: [ReportLevel]) -> SQLStatement {
        let changes = levels.map { "coalesce(sum(change) FILTER (WHERE \($0.condition)), 0)::bigint" }
        let days = Source("backlog_day", changes)
        let columns = Set(filters.map(\.column) + by.map(\.column))
        guard columns.isSubset(of: ReportLevel.totalColumns), levels.allSatisfy({ $0.total != nil }) else {
            return overPeriod(Source("backlog_15m", changes), days)
        }
        let totals = levels.compactMap(\.total).map { "coalesce(sum(\($0)), 0)::bigint" }
        return overPeriod(Source("backlog_total_15m", totals), days)
    }

    /// Levels at the period's beginning: one column for each of `by` but the interval, then one for each level.
    func before(_ levels: [ReportLevel]) -> SQLStatement {
        var builder = Builder()
        let source: String
        if period.beginsWithDay, let zone = period.zoneKey {
            let key = builder.add(.int4(Int32(zone)), as: "smallint")
            let day = builder.add(period.zone.day(of: period.from))
            source = "backlog_at_day(\(key), \(day))"
        } else {
            // Any zone's days will do.
            let key = builder.add(.int4(Int32(period.zoneKey ?? 1)), as: "smallint")
            let moment = builder.add(.timestamp(milliseconds: period.from.milliseconds), as: "timestamptz")
            source = "backlog_at(\(key), \(moment))"
        }
        let keys = by.filter { $0 != .interval }.map { "\($0.column)::int" }
        let sums = levels.map { "coalesce(sum(items) FILTER (WHERE \($0.condition)), 0)::bigint" }
        let select = Self.select(keys + sums, source, conditions(filters, &builder), grouped: keys.count)
        return SQLStatement("\(select) LIMIT \(ReportRows.mostRows + 1)", builder.parameters)
    }

    func conditions(_ filters: [ReportFilterKeys], _ builder: inout Builder) -> [String] {
        filters.map { filter in
            let isText = ReportDimension.allCases.contains { $0.isText && $0.column == filter.column }
            return "\(filter.column) = ANY(\(builder.add(filter.value, as: isText ? "text[]" : "int[]")))"
        }
    }

    /// Facts themselves, where no aggregate is cut as wanted.
    private func counting(_ facts: CountedFacts, _ sums: [String]) -> SQLStatement {
        var builder = Builder()
        let conditions = conditions(filters, &builder)
        let keys = by.map { dimension in
            guard dimension == .interval else { return Self.key(dimension) }
            let instants = period.starts.map(\.milliseconds)
            return "width_bucket(at, \(builder.add(.timestamps(milliseconds: instants), as: "timestamptz[]")))"
        }
        let from = builder.add(.timestamp(milliseconds: period.from.milliseconds), as: "timestamptz")
        let to = builder.add(.timestamp(milliseconds: period.to.milliseconds), as: "timestamptz")
        // Each fact is looked at once, however many sums there are.
        let counts = Self.select(
            zip(1..., keys).map { "\($1) AS key_\($0)" } + ["kind", "count(*) AS facts"], "(\(facts.query)) facts",
            ["at >= \(from)", "at < \(to)"] + conditions, grouped: keys.count + 1)
        let columns = sums.map { sum in
            let kind = builder.add(facts.kinds[sum].map(SQLValue.text) ?? .null, as: "text")
            return "coalesce(sum(facts) FILTER (WHERE kind = \(kind)), 0)::bigint"
        }
        let select = Self.select(
            keys.indices.map { "key_\($0 + 1)" } + columns, "(\(counts)) counts", [], grouped: keys.count)
        return SQLStatement("\(select)\nLIMIT \(ReportRows.mostRows + 1)", builder.parameters)
    }

    static func key(_ dimension: ReportDimension) -> String {
        dimension.isText ? dimension.column : "\(dimension.column)::int"
    }

    static func select(_ columns: [String], _ table: String, _ conditions: [String], grouped: Int) -> String {
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let group = grouped == 0 ? "" : " GROUP BY " + (1...grouped).map(String.init).joined(separator: ", ")
        return "SELECT \(columns.joined(separator: ", ")) FROM \(table)\(condition)\(group)"
    }
}
