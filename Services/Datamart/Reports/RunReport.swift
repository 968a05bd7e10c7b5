import Domain
import ServiceKit
import Storage

/// How far the mart had come when a report was made.
package struct MartProgress: Sendable {
    /// The last event in it.
    let position: Int64
    /// When that happened.
    let eventAt: Instant?
    /// From here on the 15-minute tables are whole.
    let intradayFloor: Instant
    /// The first day of the day tables that is whole; nil when nothing was purged.
    let historyFloor: String?
    /// From here on the facts are whole; nil when nothing was purged.
    let factsFloor: Instant?

    static let statement = SQLStatement(
        """
        SELECT position, event_at, CASE WHEN intraday_floor > '-infinity' THEN intraday_floor END,
            CASE WHEN history_floor > '-infinity' THEN history_floor::text END,
            CASE WHEN facts_floor > '-infinity' THEN facts_floor END
        FROM projection_progress
        """)

    init(_ rows: SQLResult) throws {
        guard let row = rows.first else { throw Problem.unavailable("The mart is being made; try again.") }
        position = try row[0].int64
        eventAt = try row[1].nullable.map { Instant(milliseconds: try $0.milliseconds) }
        intradayFloor =
            try row[2].nullable.map { Instant(milliseconds: try $0.milliseconds) }
            ?? Instant(milliseconds: .min / 2)
        historyFloor = try row[3].nullable?.text
        factsFloor = try row[4].nullable.map { Instant(milliseconds: try $0.milliseconds) }
    }

    /// The first day from which on all is there.
    /// - Parameter facts: whether the facts themselves are read, which are kept for a shorter time as a rule.
    func wholeFrom(facts: Bool, in zone: ReportZone) -> String? {
        guard facts else { return historyFloor }
        guard let factsFloor else { return nil }
        let day = zone.day(of: factsFloor)
        let isWhole = zone.start(of: day) == factsFloor
        return (isWhole ? day : CivilDate(daysSince1970: day.daysSince1970 + 1)).description
    }
}

/// A report with its figures.
package struct FilledReport: Sendable {
    let definition: ReportDefinition
    let request: ReportRequest
    let period: ReportPeriod
    let measures: [ReportMeasure]
    let rows: [ReportRow]
    let total: ReportRow
    let progress: MartProgress
    /// Whether facts were read, as no aggregate is cut so.
    let isOverFacts: Bool
    /// Categories that have others below them, by what their rows are named.
    let parents: Set<String>
    /// Agents' names as the directory has them, by what their rows are named; empty unless the caller may see them.
    let agents: [String: String]
    /// Whether the caller may see agents' names.
    let showsAgents: Bool
    /// Per cent of items to be completed in time, by category and first day.
    let targets: [ServiceLevelTarget]
    /// How many items were to reach which.
    let targetParts: TargetParts
}

/// Fills a report from the mart, all of it as of one moment.
struct RunReport: Sendable {
    let definition: ReportDefinition
    let request: ReportRequest
    let mart: ServedMart
    let showsAgents: Bool
    let now: Instant

    func run() async throws -> FilledReport {
        try await mart.pool.transaction(
            isolation: .repeatableRead, readOnly: true, timeLimit: .seconds(20), idempotent: true
        ) { transaction in try await fill(transaction) }
    }

    private func fill(_ transaction: Transaction) async throws -> FilledReport {
        let opening = [
            MartProgress.statement,
            SQLStatement("SELECT zone_key FROM dim_time_zone WHERE name = $1", [.text(request.zone.name)]),
        ]
        let found = try await transaction.pipeline(
            opening + request.filters.map { FilterKeys.statement($0.dimension, $0.values, depth: request.depth) })
        let progress = try MartProgress(found[0])
        let zoneKey = try found[1].first.map { try $0[0].int64 }
        let filters = try zip(request.filters, found.dropFirst(2)).map { filter, rows in
            try FilterKeys.keys(filter.dimension, filter.values, rows)
        }
        let period = try ReportPeriod(
            from: request.from, to: request.to, interval: request.interval(from: progress), zone: request.zone,
            extent: MartExtent(
                intradayFloor: progress.intradayFloor, zoneKey: zoneKey.flatMap { Int16(exactly: $0) }))
        let flows = definition.flows(cutBy: request.wanted)
        let levels = definition.levels(cutBy: request.wanted)
        let sql = ReportSQL(period: period, by: request.by, filters: filters)
        var statements = flows.map(sql.flow)
        if !levels.isEmpty { statements += [sql.changes(levels), sql.before(levels)] }
        let results = try await transaction.pipeline(statements)
        for result in results where result.count > ReportRows.mostRows {
            throw ReportRows.tooMany
        }
        let names = try await names(of: results, flows: flows.count, levels: levels, period, transaction)
        var rows: [ReportRow] = []
        for (flow, result) in zip(flows, results) {
            rows += try decode(result, by: request.by, flow.sums, names.0)
        }
        let place = request.by.firstIndex(of: .interval)
        if !levels.isEmpty {
            let names = names.0
            let levelNames = levels.map(\.name)
            rows += try decode(results[flows.count], by: request.by, levelNames, names)
            let before = ReportRows.merged(
                try decode(results[flows.count + 1], by: request.by.filter { $0 != .interval }, levelNames, names))
            rows = try ReportRows.withLevels(
                ReportRows.merged(rows), levelNames,
                before: Dictionary(before.map { ($0.labels, $0.sums) }, uniquingKeysWith: { first, _ in first }),
                place: place, intervals: period.begun(at: now))
        } else {
            rows = ReportRows.merged(rows)
            // The course of the whole has no holes.
            if request.by == [.interval] {
                rows = try ReportRows.withLevels(rows, [], before: [:], place: 0, intervals: period.begun(at: now))
            }
        }
        let measures = definition.measures(cutBy: request.wanted)
        // What this report does not show made some rows; in a course over time nothing is something.
        if place == nil { rows.removeAll { $0.showsNothing(of: measures) } }
        let targets =
            definition.hasTarget && request.by.contains(.category)
            ? try ServiceLevelTarget.read(try await transaction.query(ServiceLevelTarget.statement)) : []
        let parts = try await targetParts(targets, period, flows, filters, names.0, transaction)
        return FilledReport(
            definition: definition, request: request, period: period,
            measures: measures, rows: rows,
            total: ReportRows.total(rows, place: place), progress: progress,
            isOverFacts: flows.contains { $0.facts != nil }, parents: names.parents,
            agents: names.0.displayNames, showsAgents: showsAgents, targets: targets,
            targetParts: parts)
    }

    /// Items by the targets that held when they ended; none are asked for where no target changes in an interval.
    private func targetParts(
        _ targets: [ServiceLevelTarget], _ period: ReportPeriod, _ flows: [ReportFlow], _ filters: [ReportFilterKeys],
        _ names: ReportNames, _ transaction: Transaction
    ) async throws -> TargetParts {
        let cut = period.cut(at: targets)
        var parts = TargetParts(cut: cut)
        guard cut.starts != period.starts, var flow = flows.first(where: { $0.sums.contains("sla_eligible") }) else {
            return parts
        }
        flow.sums = ["sla_eligible"]
        let by = TargetParts.dimensions(request.by)
        let result = try await transaction.query(ReportSQL(period: cut, by: by, filters: filters).flow(flow))
        for row in try decode(result, by: by, flow.sums, names) { parts.add(row.sums["sla_eligible"], row.labels) }
        return parts
    }

    /// Names of all keys in the results.
    private func names(
        of results: [SQLResult], flows: Int, levels: [ReportLevel], _ period: ReportPeriod, _ transaction: Transaction
    ) async throws -> (ReportNames, parents: Set<String>) {
        var keys: [ReportDimension: Set<Int64>] = [:]
        for (index, result) in results.enumerated() {
            let isBefore = !levels.isEmpty && index == flows + 1
            let columns = isBefore ? request.by.filter { $0 != .interval } : request.by
            for (column, dimension) in columns.enumerated() where dimension.names != nil {
                for row in result { keys[dimension, default: []].insert(try row[column].int64) }
            }
        }
        let wanted = request.by.filter { $0.names != nil }
        let answers = try await transaction.pipeline(
            wanted.compactMap { ReportNames.statement($0, keys[$0] ?? [], at: period.to) })
        let categoryDepth = request.categoryDepth
        var names = ReportNames(showsAgents: showsAgents, categoryDepth: categoryDepth)
        var parents: Set<String> = []
        for (dimension, rows) in zip(wanted, answers) {
            try names.take(dimension, rows)
            guard dimension == .category else { continue }
            for row in rows {
                let path = try row[2].text.split(separator: "/")
                if path.count > categoryDepth { parents.insert(path.prefix(categoryDepth).joined(separator: "/")) }
            }
        }
        return (names, parents)
    }

    private func decode(
        _ result: SQLResult, by: [ReportDimension], _ sums: [String], _ names: ReportNames
    ) throws -> [ReportRow] {
        try result.map { row in
            var labels: [ReportLabel] = []
            for (column, dimension) in by.enumerated() {
                switch dimension {
                case .interval: labels.append(.interval(Int(try row[column].int64) - 1))
                case .direction, .team: labels.append(.name(order: 0, try row[column].text))
                default: labels.append(names.label(dimension, try row[column].int64))
                }
            }
            var values: [String: Int64] = [:]
            for (index, name) in sums.enumerated() { values[name] = try row[by.count + index].int64 }
            return ReportRow(labels, ReportSums(values))
        }
    }
}
