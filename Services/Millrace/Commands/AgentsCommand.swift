import ArgumentParser
import Domain

/// `millrace agents`
struct Agents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents", abstract: "List agents, set their states, or simulate them.",
        subcommands: [ListAgents.self, SetAgentState.self, Simulate.self])
}

/// `millrace agents list`
struct ListAgents: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List agents with state and load.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws {
        let client = try connection.connect()
        var table = TextTable([
            .text("id", width: 24), .text("name", width: 30), .text("state"), .number("for"), .number("load"),
            .number("capacity"), .text("endpoints", width: 40), .text("skills", width: 40),
        ])
        let now = Instant.now
        try await client.forEach("/agents") { agent in
            if output.json { Terminal.line(agent.text) }
            // An agent who has never been there has been offline since 1970.
            let since = agent["stateSince"]?.stringValue.flatMap { Instant(rfc3339: $0) }.flatMap {
                $0.milliseconds > 0 ? $0 : nil
            }
            table.add([
                TextFormats.cell(agent["id"]), TextFormats.cell(agent["name"]), TextFormats.cell(agent["state"]),
                since.map { TextFormats.span(milliseconds: now - $0) }, TextFormats.cell(agent["load"]),
                TextFormats.cell(agent["capacity"]), TextFormats.cell(agent["endpoints"]),
                TextFormats.cell(agent["skills"]),
            ])
            return true
        }
        if !output.json { Terminal.write(table.text) }
    }
}

/// `millrace agents set-state`
struct SetAgentState: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-state", abstract: "Set the state of agents: ready, notReady or offline.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "ready, notReady or offline.") var state: String
    @Argument(help: "Ids of agents.") var agents: [String]
    @Option(help: "Why, for the events.") var reason: String?

    func perform() async throws {
        let client = try connection.connect()
        var body: JSONObject = ["state": .string(state)]
        body["reason"] = reason.map(JSONValue.string)
        for id in agents {
            let agent = try await client.call(.PUT, "/agents/\(PercentEncoding.segment(id))/state", body: .object(body))
            Terminal.line(output.json ? agent.text : "\(id)  \(TextFormats.cell(agent["state"]))")
        }
    }
}
