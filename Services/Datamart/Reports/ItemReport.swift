import Domain
import Foundation
import ServiceKit
import Storage

/// Task work detail: single items, or each time that one went to an agent. Where every other report leads to.
struct ItemReport: Sendable {
    static let name = "task-work-detail"
    static let title = "Task work detail"
    static let summary = "Single items with their measures, or each time that one was with an agent."

    /// What a row is: each time that an item was with an agent; an item that came into the period, that ended in it, that
    /// came before the period's end and is open work now, or of which a message became something in the period.
    ///
    /// Items whose activation is yet to come are no open work; they are listed where that status is asked for.
    ///
    /// Filters go by what an item is now, or was last. Not those of `entered`, which are items that came in, by what they were
    /// then, when nobody had them: what reports count as entered. And the agent of `finished` is who ended it, not who had it
    /// last.
    enum Row: String, CaseIterable, Sendable { case assignment, item, entered, finished, open, email }

    /// What it can be restricted to.
    static let filters: [ReportDimension] = [
        .category, .queue, .agent, .team, .source, .segment, .product, .channel, .mediaType, .businessValue, .priority,
        .status, .ageBand, .mailbox, .direction,
    ]

    let row: Row
    let filters: [(dimension: ReportDimension, values: [String])]
    let depth: Int
    let zone: ReportZone
    let from: Instant
    let to: Instant
    let page: ReportPage
    let showsAgents: Bool

    /// Reads a query.
    init(
        _ query: QueryParameters, mart: ServedMart, caller: Principal, cursor: PageCursor, now: Instant
    ) throws(Problem) {
        try query.refuseOthers(
            than: ["from", "to", "by", "timeZone", "depth"] + ReportPage.parameters + Self.filters.map(\.rawValue))
        row = try query.choice("by", of: Row.self) ?? .assignment
        var filters: [(ReportDimension, [String])] = []
        for dimension in Self.filters {
            guard let text = try query.string(dimension.rawValue) else { continue }
            guard !text.isEmpty, text.utf8.count <= 2000 else {
                throw .badRequest(at: dimension.rawValue, "must be a name of 1 to 2000 bytes")
            }
            filters.append((dimension, [text]))
        }
        showsAgents = caller.has(.supervisor)
        if filters.contains(where: { $0.0 == .agent }), !showsAgents {
            throw .forbidden("Agents' names are for supervisors: only they may ask for one agent.")
        }
        self.filters = filters
        depth = try query.integer("depth", default: 1, in: 0...10)
        zone = try ReportZone.named(try query.string("timeZone"), in: mart)
        let parameters = [row.rawValue, "\(depth)"] + filters.map { "\($0.0.rawValue)=\($0.1.joined(separator: ","))" }
        page = try ReportPage(query, of: "\(mart.tenant)/\(Self.name)/" + parameters.joined(separator: "/"), cursor)
        if let period = page.period {
            (from, to) = period
        } else {
            (from, to) = try ReportRequest.period(query, zone, now)
        }
    }

    /// The page, all of it as of one moment.
    func run(in mart: ServedMart) async throws -> ReportAnswer {
        try await mart.pool.transaction(
            isolation: .repeatableRead, readOnly: true, timeLimit: .seconds(20), idempotent: true
        ) { transaction in
            let found = try await transaction.pipeline(
                [MartProgress.statement] + filters.map { FilterKeys.statement($0.dimension, $0.values, depth: depth) })
            let keys = try zip(filters, found.dropFirst()).map { filter, rows in
                try FilterKeys.keys(filter.dimension, filter.values, rows)
            }
            let statement = try ItemSQL(report: self, filters: keys).statement
            let rows = try await transaction.query(statement)
            return try answer(rows, try MartProgress(found[0]))
        }
    }

    /// What the time is by which rows are in order.
    private var atTitle: String {
        switch row {
        case .assignment: "began"
        case .item, .entered, .open, .email: "entered"
        case .finished: "finished"
        }
    }

    /// The columns of each kind of row, in the order of the statement's.
    private var columns: [ReportAnswer.Column] {
        func column(_ name: String, _ title: String, _ kind: ReportValueKind) -> ReportAnswer.Column {
            ReportAnswer.Column(name: name, title: title, kind: kind)
        }
        let item =
            [
                column("at", atTitle, .time), column("item", "item", .text),
                column("captureId", "capture id", .text), column("category", "category", .text),
                column("queue", "queue", .text), column("source", "source", .text), column("agent", "agent", .text),
            ] + (showsAgents ? [.agentName] : []) + [column("priority", "priority", .text)]
        switch row {
        case .item, .entered, .finished, .open, .email:
            return item + [
                column("status", "status", .text), column("enteredAt", "entered", .time), column("due", "due", .time),
                column("finishedAt", "finished", .time),
                column("withinSla", "in time", .text), column("offers", "offers", .count),
                column("transfers", "transfers", .count), column("wait", "wait", .seconds),
                column("handle", "handle", .seconds), column("hold", "hold", .seconds),
                column("finish", "finish", .seconds), column("finishBusiness", "finish, business", .seconds),
            ]
        case .assignment:
            return item + [
                column("number", "no.", .count), column("beganBy", "began by", .text),
                column("acceptedAt", "accepted", .time), column("endedAt", "ended", .time),
                column("endedBy", "ended by", .text), column("wait", "wait", .seconds),
                column("handle", "handle", .seconds),
            ]
        }
    }

    private func answer(_ found: SQLResult, _ progress: MartProgress) throws -> ReportAnswer {
        let columns = columns
        let rows = try found.prefix(page.limit).map { row in
            var values: [JSONValue?] = []
            for (index, column) in columns.enumerated() {
                let cell = row[index]
                switch column.kind {
                case _ where cell.isNull: values.append(nil)
                case .time: values.append(.string(zone.text(Instant(milliseconds: try cell.milliseconds))))
                case .count: values.append(.integer(try cell.int64))
                case .seconds: values.append(.number(Double(try cell.int64) / 1000))
                default: values.append(.string(try cell.text))
                }
            }
            let id = try row[1].text
            return ReportAnswer.Row(values: values, links: [("item", "\(DatamartOpenAPI.basePath)/workitems/\(id)")])
        }
        var next: String?
        if found.count > page.limit {
            let last = found[page.limit - 1]
            var place: [JSONValue] = [.integer(try last[columns.count].int64), .string(try last[1].text)]
            if row == .assignment, let number = columns.firstIndex(where: { $0.name == "number" }) {
                place.append(.integer(try last[number].int64))
            }
            next = page.next(after: .array(place), from: from, to: to, interval: nil)
        }
        return ReportAnswer(
            name: Self.name, title: Self.title, zone: zone, from: from, to: to, interval: nil, by: [row.rawValue],
            columns: columns, rows: rows, total: nil, progress: progress,
            // What is open is not purged.
            wholeFrom: row == .open ? nil : progress.wholeFrom(facts: true, in: zone), next: next)
    }
}
