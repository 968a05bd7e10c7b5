import Domain
import Storage

extension ReportSQL {
    /// A table and what is added up of it, in SQL.
    struct Source {
        let table: String
        let sums: [String]

        init(_ table: String, _ sums: [String]) {
            self.table = table
            self.sums = sums
        }
    }

    /// The tables of 15 minutes for the parts of the period that are no whole days, the day tables for the rest.
    func overPeriod(_ quarters: Source, _ days: Source, only: String? = nil) -> SQLStatement {
        var builder = Builder()
        let always = only.map { [$0] } ?? []
        var parts: [String] = []
        if !period.quarters.isEmpty {
            let cut = Cut(
                time: "starts_at", moment: { "\($1).starts_at" },
                interval: { builder in
                    let instants = period.starts.map(\.milliseconds)
                    let starts = builder.add(.timestamps(milliseconds: instants), as: "timestamptz[]")
                    return "width_bucket(starts_at, \(starts))"
                })
            for range in period.quarters {
                let from = builder.add(.timestamp(milliseconds: range.lowerBound.milliseconds), as: "timestamptz")
                let to = builder.add(.timestamp(milliseconds: range.upperBound.milliseconds), as: "timestamptz")
                parts.append(part(quarters, cut, ["starts_at >= \(from)", "starts_at < \(to)"] + always, &builder))
            }
        }
        if let range = period.days, let zone = period.zoneKey {
            let first = builder.add(range.lowerBound)
            let end = builder.add(range.upperBound)
            let key = builder.add(.int4(Int32(zone)), as: "smallint")
            let cut = Cut(
                time: "day",
                moment: { builder, row in
                    "(\(row).day::timestamp AT TIME ZONE \(builder.add(.text(period.zone.name), as: "text")))"
                },
                interval: { builder in
                    let days = period.starts.map { Int32(clamping: period.zone.day(of: $0).daysSince1970) }
                    return "width_bucket(day - date '1970-01-01', \(builder.add(.int4s(days), as: "int[]")))"
                })
            parts.append(
                part(days, cut, ["day >= \(first)", "day < \(end)", "zone_key = \(key)"] + always, &builder))
        }
        let sql = parts.joined(separator: "\nUNION ALL\n")
        return SQLStatement("\(sql)\nLIMIT \(ReportRows.mostRows + 1)", builder.parameters)
    }

    /// How rows of a table are told apart by time.
    private struct Cut {
        /// The column.
        let time: String
        /// The instant by which a row's agent was of a team: when its interval begins. A day counts for the team at its
        /// beginning.
        let moment: (inout Builder, _ row: String) -> String
        /// The number of a row's interval.
        let interval: (inout Builder) -> String
    }

    /// Whether rows are by, or restricted to, the teams of agents, which are those of their time.
    private var needsTeams: Bool { by.contains(.team) || filters.contains { $0.column == ReportDimension.team.column } }

    /// One part of the period.
    ///
    /// What depends on a row's time, its team and its interval, is looked up once for all rows of the same time where that
    /// leaves few of them.
    private func part(
        _ source: Source, _ cut: Cut, _ fixed: [String], _ builder: inout Builder
    ) -> String {
        let keys = by.map { $0 == .interval ? cut.interval(&builder) : Self.key($0) }
        guard needsTeams || by == [.interval] else {
            let conditions = fixed + conditions(filters, &builder)
            return Self.select(keys + source.sums, source.table, conditions, grouped: keys.count)
        }
        let isOfTeam: (ReportFilterKeys) -> Bool = { $0.column == ReportDimension.team.column }
        var inner = [cut.time] + (needsTeams ? [ReportDimension.agent.column] : [])
        for dimension in by where ![.interval, .team, .agent].contains(dimension) { inner.append(dimension.column) }
        let names = source.sums.indices.map { "sum_\($0 + 1)" }
        let rows = Self.select(
            inner + zip(source.sums, names).map { "\($0) AS \($1)" }, source.table,
            fixed + conditions(filters.filter { !isOfTeam($0) }, &builder), grouped: inner.count)
        var table = "(\(rows)) f"
        if needsTeams {
            let moment = cut.moment(&builder, "f")
            table = """
                (SELECT f.*, coalesce(p.team, '(none)') AS team FROM \(table) JOIN dim_agent_period p
                    ON p.agent_key = f.agent_key AND \(moment) >= p.valid_from AND \(moment) < p.valid_to) cut
                """
        }
        return Self.select(
            keys + names.map { "coalesce(sum(\($0)), 0)::bigint" }, table,
            conditions(filters.filter(isOfTeam), &builder), grouped: keys.count)
    }
}
