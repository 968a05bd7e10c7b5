import Storage

/// Adds a batch's sums to the rows of the aggregates.
enum WriteAggregates {
    static func statements(_ contributions: Contributions) -> [SQLStatement] {
        var statements: [SQLStatement] = []
        for (aggregate, sums) in zip(Aggregate.allCases, contributions.rows) {
            let rows = sums.filter { !$0.value.isZero }
            for daily in [false, true] {
                let part = rows.filter { ($0.key.zone != 0) == daily }
                if !part.isEmpty { statements.append(addition(of: part, to: aggregate, daily: daily)) }
            }
        }
        let changes = contributions.backlog.filter { $0.value != 0 }
        let quarters = changes.filter { $0.key.zone == 0 }
        let days = changes.filter { $0.key.zone != 0 }
        if !quarters.isEmpty { statements.append(backlog(quarters, into: "backlog_15m", "starts_at")) }
        if !days.isEmpty {
            statements.append(backlog(days, into: "backlog_day", "day"))
            statements.append(backlog(byMonth(days), into: "backlog_month", "month"))
        }
        return statements
    }

    private static func addition(
        of rows: [AggregateKey: Measures], to aggregate: Aggregate, daily: Bool
    ) -> SQLStatement {
        let keys = rows.keys.sorted { ($0.start, $0.zone) < ($1.start, $1.zone) }
        let values = keys.map { rows[$0] ?? Measures() }
        var insert = UnnestInsert(into: aggregate.table + (daily ? "_day" : "_15m"))
        var key = addInterval(keys, to: &insert, column: daily ? "day" : "starts_at", daily: daily)
        for (index, column) in aggregate.keyColumns.enumerated() {
            let isDirection = column == "direction"
            insert.add(
                column, .int4s(keys.map { $0.parts[index] }),
                as: isDirection ? "CASE $ WHEN 0 THEN 'in' ELSE 'out' END" : "$")
            key.append(column)
        }
        // Always the same columns, so that the statement stays prepared; counts are narrow, durations wide.
        for (index, column) in aggregate.measureColumns.enumerated() {
            insert.add(
                column,
                column.hasSuffix("_ms")
                    ? .int8s(values.map { $0[index] }) : .int4s(values.map { Int32(clamping: $0[index]) }))
        }
        return insert.statement(key: key) { "t.\($0) + excluded.\($0)" }
    }

    private static func backlog(
        _ rows: [AggregateKey: Int64], into table: String, _ column: String
    ) -> SQLStatement {
        let keys = rows.keys.sorted { ($0.start, $0.zone) < ($1.start, $1.zone) }
        var insert = UnnestInsert(into: table)
        var key = addInterval(keys, to: &insert, column: column, daily: column != "starts_at")
        let columns = ["category_key", "queue_key", "source_key", "status_key", "age_band_key", "overdue"]
        for (index, column) in columns.enumerated() {
            insert.add(
                column, .int4s(keys.map { $0.parts[index] }), as: column == "overdue" ? "$ <> 0" : "$")
            key.append(column)
        }
        insert.add("change", .int8s(keys.map { rows[$0] ?? 0 }))
        return insert.statement(key: key) { "t.\($0) + excluded.\($0)" }
    }

    private static func addInterval(
        _ keys: [AggregateKey], to insert: inout UnnestInsert, column: String, daily: Bool
    ) -> [String] {
        guard daily else {
            insert.add(column, .timestamps(milliseconds: keys.map(\.start)))
            return [column]
        }
        insert.add(column, .int4s(keys.map { Int32(clamping: $0.start) }), as: "date '1970-01-01' + $")
        insert.add("zone_key", .int4s(keys.map(\.zone)))
        return [column, "zone_key"]
    }

    /// The same changes by the first day of the month.
    private static func byMonth(_ days: [AggregateKey: Int64]) -> [AggregateKey: Int64] {
        var months: [AggregateKey: Int64] = [:]
        for (key, change) in days {
            var month = key
            month.start = firstOfMonth(key.start)
            months[month, default: 0] += change
        }
        return months.filter { $0.value != 0 }
    }
}
