import ArgumentParser
import Domain

/// `millrace report`
struct Report: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show a report of the data mart as a table with small charts.",
        discussion: """
            Without a name it lists the reports with what each can be shown by. Times are RFC 3339, a date, a local time \
            of the report's zone (2026-11-28T08:00), now, today, yesterday, or -2h, -7d.

              millrace report intraday-process --from today --by interval --interval hour
              millrace report intraday-process --from -7d --by category --category Incidents
              millrace report resource-performance --from yesterday --to today --by agent
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The report; without it they are listed.") var name: String?
    // A value may begin with a minus: -7d.
    @Option(parsing: .unconditional, help: "From when on.") var from: String?
    @Option(parsing: .unconditional, help: "Until before when.") var to: String?
    @Option(help: ArgumentHelp("What the rows are, such as interval, category or queue,agent.", valueName: "list"))
    var by: String?
    @Option(help: "Length of intervals: 15m, 30m, hour, day, week, month, quarter, year.") var interval: String?
    @Option(help: "Time zone, such as Europe/Stockholm, instead of the tenant's.") var timeZone: String?
    @Option(help: "Only this category and all below it.") var category: String?
    @Option(help: "Only this queue.") var queue: String?
    @Option(help: "Only this agent.") var agent: String?
    @Option(help: "Only this source.") var source: String?
    @Option(help: ArgumentHelp("Another filter, such as segment=Gold; may be repeated.", valueName: "name=value"))
    var only: [String] = []
    @Option(help: "Rows at most; else all.") var limit: Int?
    @Flag(help: "Print CSV, safe to open in a spreadsheet.") var csv = false

    func validate() throws {
        guard limit.map({ (1...1_000_000).contains($0) }) ?? true else {
            throw ValidationError("--limit takes 1 to 1000000.")
        }
        guard name != nil || (parameters.isEmpty && limit == nil && !csv) else {
            throw ValidationError("Name the report that this is of; millrace report lists them.")
        }
        guard !(csv && output.json) else { throw ValidationError("--csv or --json, not both.") }
        for filter in only where !filter.contains("=") {
            throw ValidationError("--only takes name=value, not \(filter).")
        }
    }

    func perform() async throws {
        let client = try connection.connectReports()
        guard let name else { return try await list(client) }
        let path = "/reports/" + PercentEncoding.segment(name)
        let pages = ReportPages(client: client, path: path, parameters: parameters, limit: limit)
        if csv {
            if try await pages.writeCSV() { Terminal.complain(cut) }
            return
        }
        let (answer, rows, next) = try await pages.rows()
        if output.json {
            var object = answer.objectValue ?? JSONObject()
            object["items"] = .array(rows)
            object["next"] = next.map { .string($0) } ?? .null
            Terminal.line(JSONValue.object(object).text)
            if next != nil { Terminal.complain(cut) }
            return
        }
        var lines = ReportText(answer: answer, rows: rows).lines
        if next != nil { lines.append(cut) }
        Terminal.write(lines.joined(separator: "\n") + "\n")
    }

    /// What is said when the limit leaves something out.
    private var cut: String {
        "\(limit ?? 0) rows shown, there are more: ask for them with a larger --limit, or without one."
    }

    private var parameters: [(String, String)] {
        let options = [
            ("from", from), ("to", to), ("by", by), ("interval", interval), ("timeZone", timeZone),
            ("category", category), ("queue", queue), ("agent", agent), ("source", source),
        ]
        return options.compactMap { name, value in value.map { (name, $0) } }
            + only.map { filter in
                let parts = filter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), String(parts[1]))
            }
    }

    private func list(_ client: APIClient) async throws {
        let answer = try await client.call(.GET, "/reports")
        if output.json { return Terminal.line(answer.text) }
        var table = TextTable([.text("report", width: 32), .text("shown by", width: 80), .text("what", width: 80)])
        for report in answer["items"]?.arrayValue ?? [] {
            table.add([
                TextFormats.cell(report["name"]), TextFormats.cell(report["by"]), TextFormats.cell(report["title"]),
            ])
        }
        Terminal.write(table.text)
    }
}
