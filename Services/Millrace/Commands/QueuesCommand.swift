import ArgumentParser
import Domain

/// `millrace queues`
struct Queues: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "Show what waits, how old, how late, and who is there for it.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Show it again and again until interrupted.") var watch = false
    @Option(help: "Seconds between two looks with --watch.") var every = 2.0
    @Flag(help: "One line for each endpoint instead of each category.") var byEndpoint = false

    func validate() throws {
        guard (0.2...3600).contains(every) else { throw ValidationError("--every takes 0.2 to 3600 seconds.") }
    }

    func perform() async throws {
        let client = try connection.connect()
        guard watch else { return try await show(client) { Terminal.write($0.joined(separator: "\n") + "\n") } }
        try await Interruption.cancelling {
            var block = RedrawnBlock()
            while true {
                try await show(client) { lines in
                    if Terminal.isScreen {
                        block.draw(lines)
                    } else {
                        Terminal.write(lines.joined(separator: "\n") + "\n\n")
                    }
                }
                try await Task.sleep(for: .seconds(every))
            }
        }
    }

    private func show(_ client: APIClient, _ draw: ([String]) -> Void) async throws {
        let answer = try await client.call(.GET, "/queues")
        if output.json { return Terminal.line(answer.text) }
        let now = answer["time"]?.stringValue.flatMap { Instant(rfc3339: $0) } ?? .now
        let rows = QueueRow.read(answer)
        var table = TextTable([
            .text("endpoint", width: 24), .text("category", width: 40), .number("depth"), .number("oldest"),
            .number("overdue"), .number("offered"), .number("assigned"), .number("held"), .number("parked"),
            .number("agents ready"), .number("free"),
        ])
        for row in byEndpoint ? QueueRow.byEndpoint(rows) : rows {
            table.add([
                row.endpoint, row.category, "\(row.depth)", row.oldest.map { TextFormats.span(milliseconds: now - $0) },
                "\(row.overdue)", "\(row.offered)", "\(row.assigned)", "\(row.held)", "\(row.parked)",
                "\(row.agentsReady)", "\(row.agentsFree)",
            ])
        }
        draw(table.lines)
    }
}

/// One line of `GET /queues`.
public struct QueueRow: Sendable, Hashable {
    /// The endpoint's name; empty for items that have none yet.
    public var endpoint: String
    /// The category's path; empty for a line of a whole endpoint.
    public var category: String
    /// Items that wait.
    public var depth: Int
    /// When the one that has waited longest became work.
    public var oldest: Domain.Instant?
    /// Waiting items past their due date.
    public var overdue: Int
    /// Items offered and not yet accepted.
    public var offered: Int
    /// Items that agents have.
    public var assigned: Int
    /// Items set aside.
    public var held: Int
    /// Items in workbins.
    public var parked: Int
    /// Agents of the endpoint who are ready.
    public var agentsReady: Int
    /// Agents of the endpoint who are ready and have room.
    public var agentsFree: Int

    /// The lines of an answer.
    public static func read(_ answer: JSONValue) -> [QueueRow] {
        (answer["items"]?.arrayValue ?? []).map { row in
            func count(_ key: String) -> Int { Int(clamping: row[key]?.integerValue ?? 0) }
            return QueueRow(
                endpoint: TextFormats.cell(row["endpoint"]), category: TextFormats.cell(row["category"]),
                depth: count("depth"), oldest: row["oldest"]?.stringValue.flatMap { Instant(rfc3339: $0) },
                overdue: count("overdue"), offered: count("offered"), assigned: count("assigned"), held: count("held"),
                parked: count("parked"), agentsReady: count("agentsReady"), agentsFree: count("agentsFree"))
        }
    }

    /// One line for each endpoint, by name. Agents belong to the endpoint, so they are not added up.
    public static func byEndpoint(_ rows: [QueueRow]) -> [QueueRow] {
        Dictionary(grouping: rows, by: \.endpoint).map { endpoint, rows in
            var sum = rows[0]
            sum.category = ""
            for row in rows.dropFirst() {
                sum.depth += row.depth
                sum.oldest = [sum.oldest, row.oldest].compactMap { $0 }.min()
                sum.overdue += row.overdue
                sum.offered += row.offered
                sum.assigned += row.assigned
                sum.held += row.held
                sum.parked += row.parked
            }
            return sum
        }.sorted { $0.endpoint < $1.endpoint }
    }
}
