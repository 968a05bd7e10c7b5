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

    private struct Builder {
        var parameters: [SQLValue] = []

        mutating func add(_ value: SQLValue, as type: String) -> String {
            parameters.append(value)
            return "$\(parameters.count)::\(type)"
        }
    }

    /// Whether rows are by, or restricted to, the teams of agents, which are those of their time.
    private var needsTeams: Bool { by.contains(.team) || filters.contains { $0.column == ReportDimension.team.column } }

    /// A table of an aggregate, with each row's team where that is needed.
    /// - Parameter moment: the row's instant in SQL: when its interval begins. A day counts for the team at its beginning.
    private func withTeams(_ table: String, at moment: String) -> String {
        guard needsTeams else { return table }
        return """
            (SELECT f.*, coalesce(p.team, '(none)') AS team FROM \(table) f JOIN dim_agent_period p
                ON p.agent_key = f.agent_key AND \(moment) >= p.valid_from AND \(moment) < p.valid_to) cut
            """
    }

    /// Sums of a flow: one column for each of `by`, then one for each of its sums.
    func flow(_ flow: ReportFlow) -> SQLStatement {
        let sums = flow.sums.map { name in
            "coalesce(sum(\(ReportFlow.expressions[name] ?? name)), 0)::bigint"
        }
        if let events = flow.events { return overFacts(events, sums) }
        return overPeriod(flow.table, sums, only: flow.only)
    }

    /// Changes of levels in the period: one column for each of `by`, then one for each level.
    func changes(_ levels: [ReportLevel]) -> SQLStatement {
        overPeriod(
            "backlog",
            levels.map { "coalesce(sum(change) FILTER (WHERE \($0.condition)), 0)::bigint" }, only: nil)
    }

    /// Levels at the period's beginning: one column for each of `by` but the interval, then one for each level.
    func before(_ levels: [ReportLevel]) -> SQLStatement {
        var builder = Builder()
        let source: String
        if period.beginsWithDay, let zone = period.zoneKey {
            let key = builder.add(.int4(Int32(zone)), as: "smallint")
            let day = builder.add(.text(period.zone.day(of: period.from).description), as: "text::date")
            source = "backlog_at_day(\(key), \(day))"
        } else {
            // Any zone's days will do.
            let key = builder.add(.int4(Int32(period.zoneKey ?? 1)), as: "smallint")
            let moment = builder.add(.timestamp(milliseconds: period.from.milliseconds), as: "timestamptz")
            source = "backlog_at(\(key), \(moment))"
        }
        let keys = by.filter { $0 != .interval }.map { "\($0.column)::int" }
        let sums = levels.map { "coalesce(sum(items) FILTER (WHERE \($0.condition)), 0)::bigint" }
        let conditions = conditions(&builder)
        let condition = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let group = keys.isEmpty ? "" : " GROUP BY " + keys.indices.map { "\($0 + 1)" }.joined(separator: ", ")
        return SQLStatement(
            "SELECT \((keys + sums).joined(separator: ", ")) FROM \(source)\(condition)\(group) LIMIT \(ReportRows.mostRows + 1)",
            builder.parameters)
    }

    private func conditions(_ builder: inout Builder) -> [String] {
        filters.map { filter in
            let isText = ReportDimension.allCases.contains { $0.isText && $0.column == filter.column }
            return "\(filter.column) = ANY(\(builder.add(filter.value, as: isText ? "text[]" : "int[]")))"
        }
    }

    /// Facts themselves, where no aggregate is cut as wanted.
    private func overFacts(_ events: String, _ sums: [String]) -> SQLStatement {
        var builder = Builder()
        let conditions = conditions(&builder)
        let keys = by.map { dimension in
            guard dimension == .interval else { return Self.key(dimension) }
            let instants = period.starts.map(\.milliseconds)
            return "width_bucket(at, \(builder.add(.timestamps(milliseconds: instants), as: "timestamptz[]")))"
        }
        let from = builder.add(.timestamp(milliseconds: period.from.milliseconds), as: "timestamptz")
        let to = builder.add(.timestamp(milliseconds: period.to.milliseconds), as: "timestamptz")
        let select = Self.select(
            keys + sums, "(\(events)) facts", ["at >= \(from)", "at < \(to)"] + conditions, grouped: keys.count)
        return SQLStatement("\(select)\nLIMIT \(ReportRows.mostRows + 1)", builder.parameters)
    }

    /// The tables of 15 minutes for the parts of the period that are no whole days, the day tables for the rest.
    private func overPeriod(_ table: String, _ sums: [String], only: String?) -> SQLStatement {
        var builder = Builder()
        let conditions = conditions(&builder) + (only.map { [$0] } ?? [])
        var parts: [String] = []
        let instants = period.starts.map(\.milliseconds)
        if !period.quarters.isEmpty {
            let keys = by.map { dimension in
                guard dimension == .interval else { return Self.key(dimension) }
                return
                    "width_bucket(starts_at, \(builder.add(.timestamps(milliseconds: instants), as: "timestamptz[]")))"
            }
            let ranges = period.quarters.map { range in
                let from = builder.add(.timestamp(milliseconds: range.lowerBound.milliseconds), as: "timestamptz")
                let to = builder.add(.timestamp(milliseconds: range.upperBound.milliseconds), as: "timestamptz")
                return "starts_at >= \(from) AND starts_at < \(to)"
            }
            for range in ranges {
                let source = withTeams("\(table)_15m", at: "f.starts_at")
                parts.append(Self.select(keys + sums, source, [range] + conditions, grouped: keys.count))
            }
        }
        if let days = period.days, let zone = period.zoneKey {
            let keys = by.map { dimension in
                guard dimension == .interval else { return Self.key(dimension) }
                let starts = period.starts.map { period.zone.day(of: $0).description }
                // As a query of its own, so that the texts are read once and not for each row.
                return "width_bucket(day, (SELECT \(builder.add(.texts(starts), as: "text[]::date[]"))))"
            }
            let first = builder.add(.text(days.lowerBound.description), as: "text::date")
            let end = builder.add(.text(days.upperBound.description), as: "text::date")
            let key = builder.add(.int4(Int32(zone)), as: "smallint")
            var source = "\(table)_day"
            if needsTeams {
                source = withTeams(
                    source, at: "(f.day::timestamp AT TIME ZONE \(builder.add(.text(period.zone.name), as: "text")))")
            }
            parts.append(
                Self.select(
                    keys + sums, source,
                    ["day >= \(first)", "day < \(end)", "zone_key = \(key)"] + conditions, grouped: keys.count))
        }
        let sql = parts.joined(separator: "\nUNION ALL\n")
        return SQLStatement("\(sql)\nLIMIT \(ReportRows.mostRows + 1)", builder.parameters)
    }

    private static func key(_ dimension: ReportDimension) -> String {
        dimension.isText ? dimension.column : "\(dimension.column)::int"
    }

    private static func select(_ columns: [String], _ table: String, _ conditions: [String], grouped: Int) -> String {
        let group = grouped == 0 ? "" : " GROUP BY " + (1...grouped).map(String.init).joined(separator: ", ")
        return
            "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE \(conditions.joined(separator: " AND "))\(group)"
    }
}
