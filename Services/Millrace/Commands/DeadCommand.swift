import ArgumentParser
import Domain

/// `millrace dead`
struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "See and retry messages that could not be taken.",
        subcommands: [ListDead.self, RetryDead.self])
}

/// `millrace dead list`
struct ListDead: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List dead letters, newest first.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "At most so many; 0 lists all.") var limit = 50
    @Flag(help: "Only those that no retry has helped.") var pending = false

    func perform() async throws {
        var count = 0
        var table = TextTable([
            .text("id", width: 36), .text("at", width: 24), .text("topic", width: 40), .number("partition"),
            .number("offset"),
            .text("outcome"), .text("reason", width: 80),
        ])
        // The table has no room for the messages themselves.
        let query = [("limit", "200"), ("contents", output.json ? "true" : "false")]
        try await connection.connect().forEach("/dead", query: query) { letter in
            if pending, letter["outcome"]?.stringValue == "accepted" { return true }
            if output.json { Terminal.line(letter.text) }
            table.add(
                ["id", "at", "topic", "partition", "offset", "outcome", "reason"].map { TextFormats.cell(letter[$0]) })
            count += 1
            return limit == 0 || count < limit
        }
        if !output.json { Terminal.write(table.text) }
    }
}

/// `millrace dead retry`
struct RetryDead: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Take dead letters through capture once more, after their cause was mended.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Ids of dead letters, or all.") var ids: [String]

    func perform() async throws {
        let client = try connection.connect()
        var chosen = ids
        if ids == ["all"] {
            chosen = []
            try await client.forEach("/dead", query: [("limit", "500"), ("contents", "false")]) { letter in
                if letter["outcome"]?.stringValue != "accepted", let id = letter["id"]?.stringValue {
                    chosen.append(id)
                }
                return true
            }
        }
        var refused = 0
        for id in chosen {
            do {
                let item = try await client.call(.POST, "/dead/\(PercentEncoding.segment(id))/retry")
                Terminal.line("\(id)  taken as \(TextFormats.cell(item["id"]))")
            } catch let failure as CommandFailure where failure.code != .unavailable && failure.code != .notPermitted {
                refused += 1
                Terminal.line("\(id)  refused: \(failure.message)")
            }
        }
        if refused > 0 {
            throw CommandFailure(.refused, "\(refused) of \(chosen.count) dead letters were refused again.")
        }
    }
}
