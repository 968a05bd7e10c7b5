import Domain
import Foundation
import ServiceKit
import Storage

/// Writes the statement of an ``ItemReport``: a page by time, from behind the row that the page before ended with.
struct ItemSQL {
    let report: ItemReport
    let filters: [ReportFilterKeys]

    /// The last column is the time in microseconds since 1970, for the cursor: times are finer than what is shown.
    var statement: SQLStatement {
        get throws(Problem) {
            var parameters: [SQLValue] = [
                .timestamp(milliseconds: report.from.milliseconds), .timestamp(milliseconds: report.to.milliseconds),
                .int8(Int64(report.page.limit + 1)),
            ]
            var conditions: [String] = []
            var ofMessages: [String] = []
            for filter in filters {
                parameters.append(filter.value)
                if filter.column == ReportDimension.mailbox.column {
                    ofMessages.append("m.\(filter.column) = ANY($\(parameters.count)::int[])")
                } else if filter.column == ReportDimension.direction.column {
                    ofMessages.append("m.\(filter.column) = ANY($\(parameters.count)::text[])")
                } else {
                    let type = filter.column == ReportDimension.team.column ? "text[]" : "int[]"
                    conditions.append("\(place(filter.column)) = ANY($\(parameters.count)::\(type))")
                }
            }
            if report.row == .email || !ofMessages.isEmpty { conditions.append(messages(ofMessages)) }
            if let after = report.page.after {
                let (time, item, number) = try Self.place(after, of: report.row)
                parameters += [.int8(time), .text(item)]
                let place =
                    "('epoch'::timestamptz + $\(parameters.count - 1) * interval '1 microsecond', $\(parameters.count)::text::uuid"
                switch report.row {
                case .item, .entered, .open, .email: conditions.append("(t.entered_at, t.item) > \(place))")
                case .finished: conditions.append("(t.finished_at, t.item) > \(place))")
                case .assignment:
                    parameters.append(.int8(number))
                    conditions.append("(w.began_at, w.item, w.number) > \(place), $\(parameters.count))")
                }
            }
            let extra = conditions.map { " AND \($0)" }.joined()
            return SQLStatement(report.row == .assignment ? assignments(extra) : items(extra), parameters)
        }
    }

    private static func place(
        _ value: JSONValue, of row: ItemReport.Row
    ) throws(Problem) -> (time: Int64, item: String, number: Int64) {
        let parts = value.arrayValue ?? []
        guard parts.count == (row == .assignment ? 3 : 2), let time = parts[0].integerValue,
            let item = parts[1].stringValue, UUID(uuidString: item) != nil,
            let number = row == .assignment ? parts[2].integerValue : 0
        else { throw .badRequest(at: "cursor", "must be the value of next from a page of this report") }
        return (time, item, number)
    }

    /// Where the column of a filter stands: what an assignment has itself goes before what its item has. The team `(none)` is
    /// that of agents who are in none; nobody is in no team.
    private func place(_ column: String) -> String {
        if report.row == .entered { return placeAtEntry(column) }
        if column == ReportDimension.team.column {
            let row = report.row == .assignment ? "w" : "t"
            return "(SELECT coalesce(d.team, '(none)') FROM \(period(of: row)) AND d.agent_key <> 0)"
        }
        if column == ReportDimension.agent.column { return agentKey(of: report.row == .assignment ? "w" : "t") }
        if column == ReportDimension.ageBand.column { return Self.ageBand }
        let own = ["agent_key", "category_key", "queue_key", "source_key", "priority_band_key"]
        return (report.row == .assignment && own.contains(column) ? "w." : "t.") + column
    }

    /// The same of an item's first step.
    private func placeAtEntry(_ column: String) -> String {
        switch column {
        // Nobody has what comes in.
        case ReportDimension.agent.column: "0"
        case ReportDimension.team.column: "NULL::text"
        case ReportDimension.ageBand.column: Self.ageBand
        case ReportDimension.status.column: "f.to_status_key"
        default: "f.\(column)"
        }
    }

    /// Whose a row is: who has or had it, but of what ended who ended it. That is 0 where no agent had it then, as when a source
    /// completes what is held.
    private func agentKey(of row: String) -> String {
        guard report.row == .finished else { return "\(row).agent_key" }
        return """
            CASE WHEN EXISTS (SELECT FROM task_work_fact l WHERE l.item = \(row).item AND l.number = \(row).work_number
                AND l.ended_at = \(row).finished_at AND l.ended_by IN ('complete', 'cancel', 'autocomplete'))
            THEN \(row).agent_key ELSE 0 END
            """
    }

    /// How old an item was when it ended, or is at the period's end, be it that it ended later.
    private static let ageBand = """
        (SELECT b.age_band_key FROM dim_age_band b,
            LATERAL (SELECT extract(epoch FROM coalesce(t.finished_at, least(now(), $2)) - t.activation) * 1000 AS ms) age
        WHERE age.ms >= coalesce(b.lower_ms, age.ms) AND (b.upper_ms IS NULL OR age.ms < b.upper_ms))
        """

    /// That an item has such a message, for rows of messages one that became something in the period.
    private func messages(_ conditions: [String]) -> String {
        let condition = conditions.map { " AND \($0)" }.joined()
        guard report.row == .email else {
            return "EXISTS (SELECT FROM email_fact m WHERE m.item = t.item\(condition))"
        }
        return """
            t.item IN (SELECT m.item FROM email_event_fact e JOIN email_fact m USING (email)
                WHERE e.at >= $1 AND e.at < $2 AND e.from_state IS DISTINCT FROM e.to_state\(condition))
            """
    }

    /// What the agent of a row was called then, and the team: when an assignment began, or when the item ended or took its last
    /// step.
    private func period(of row: String) -> String {
        let moment = report.row == .assignment ? "\(row).began_at" : "coalesce(\(row).finished_at, \(row).effective_at)"
        return """
            dim_agent_period d WHERE d.agent_key = \(agentKey(of: row)) AND \(moment) >= d.valid_from AND \(moment) < d.valid_to
            """
    }

    /// The agent, and what the directory called the agent then; a number alone where names are not shown.
    private var agent: String {
        report.showsAgents
            ? """
            (SELECT d.agent FROM dim_agent d WHERE d.agent_key = \(agentKey(of: "p")) AND d.agent_key <> 0),
            (SELECT d.display_name FROM \(period(of: "p")))
            """
            : "'agent ' || nullif(\(agentKey(of: "p")), 0)"
    }

    private var names: String {
        """
        (SELECT CASE d.category_key WHEN 0 THEN '(none)' ELSE d.path END FROM dim_category d WHERE d.category_key = p.category_key),
        (SELECT d.name FROM dim_queue d WHERE d.queue_key = p.queue_key),
        (SELECT d.name FROM dim_capture_point d WHERE d.source_key = p.source_key), \(agent),
        (SELECT d.label FROM dim_priority_band d WHERE d.priority_band_key = p.priority_band_key)
        """
    }

    /// Items. Names are looked up for the rows of the page only.
    private func items(_ conditions: String) -> String {
        let asksForStatus = filters.contains { $0.column == ReportDimension.status.column }
        let work = asksForStatus ? "" : " AND t.\(ReportLevel.isWork)"
        // Each has an index that gives the rows in their order.
        let (time, which) =
            switch report.row {
            case .finished: ("finished_at", "t.is_final AND t.finished_at >= $1 AND t.finished_at < $2")
            // The parameter of the beginning is not needed, but has its place.
            case .open: ("entered_at", "NOT t.is_final AND t.entered_at < greatest($1, $2)\(work)")
            // It may have entered long before its messages of the period.
            case .email: ("entered_at", "t.entered_at < $2")
            case .item, .entered, .assignment: ("entered_at", "t.entered_at >= $1 AND t.entered_at < $2")
            }
        // Of an item whose beginning the feed no longer held the first step known is from another status.
        let entry = """
            JOIN task_event_fact f ON f.position = t.first_position AND f.at = t.entered_at AND f.at >= $1 AND f.at < $2
                AND f.from_status_key = 0
            """
        return """
            SELECT p.\(time), p.item::text, p.capture_id, \(names),
                (SELECT d.name FROM dim_status d WHERE d.status_key = p.status_key), p.entered_at, p.due, p.finished_at,
                CASE p.within_sla WHEN true THEN 'yes' WHEN false THEN 'no' END, p.offers, p.transfers, p.wait_ms,
                p.handle_ms, p.hold_ms, p.finish_ms, p.finish_business_ms,
                (extract(epoch FROM p.\(time)) * 1000000)::bigint
            FROM (
                SELECT t.* FROM task_fact t \(report.row == .entered ? entry : "") WHERE \(which)\(conditions) ORDER BY t.\(time), t.item LIMIT $3
            ) p ORDER BY p.\(time), p.item
            """
    }

    private func assignments(_ conditions: String) -> String {
        """
        SELECT p.began_at, p.item::text, p.capture_id, \(names), p.number, p.began_by, p.accepted_at, p.ended_at,
            p.ended_by, p.wait_ms, p.handle_ms, (extract(epoch FROM p.began_at) * 1000000)::bigint
        FROM (
            SELECT w.*, t.capture_id FROM task_work_fact w JOIN task_fact t USING (item)
            WHERE w.began_at >= $1 AND w.began_at < $2\(conditions)
            ORDER BY w.began_at, w.item, w.number LIMIT $3
        ) p ORDER BY p.began_at, p.item, p.number
        """
    }
}
