import ArgumentParser
import Domain

/// A command that does one thing to several items: `POST /workitems/{id}/ACTION`.
protocol ItemAction: OperatorCommand {
    var connection: ConnectionOptions { get }
    var output: OutputOptions { get }
    var items: ItemArguments { get }
    static var action: String { get }
    /// The request's body; empty when there is nothing to say.
    func body() throws -> JSONObject
}

extension ItemAction {
    func perform() async throws {
        let client = try connection.connect()
        let body = try body()
        try await ItemBatch(names: items.names).perform { name in
            let item = try await client.call(
                .POST, "\(name.path)/\(Self.action)", body: body.isEmpty ? nil : .object(body))
            if output.json { return Terminal.line(item.text) }
            let agent = item["assignee"]?.stringValue.map { "  \($0)" } ?? ""
            Terminal.line("\(name.text)  \(TextFormats.cell(item["status"]))\(agent)")
        }
    }

    func body() throws -> JSONObject { [:] }
}

/// `millrace hold`
struct Hold: ItemAction {
    static let configuration = CommandConfiguration(commandName: "hold", abstract: "Set work items aside.")
    static let action = "hold"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "Why, for the history.") var reason: String?

    func body() -> JSONObject { reason.map { ["reason": .string($0)] } ?? [:] }
}

/// `millrace resume`
struct Resume: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let held work items go on, or try failed ones again.")
    static let action = "resume"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
}

/// `millrace cancel`
struct Cancel: ItemAction {
    static let configuration = CommandConfiguration(commandName: "cancel", abstract: "Call work items off.")
    static let action = "cancel"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "Why, for the history.") var reason: String?

    func body() -> JSONObject { reason.map { ["reason": .string($0)] } ?? [:] }
}

/// `millrace complete`
struct Complete: ItemAction {
    static let configuration = CommandConfiguration(commandName: "complete", abstract: "Complete work items.")
    static let action = "complete"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "What came of it: JSON, or text.") var result: String?

    func body() -> JSONObject {
        guard let result else { return [:] }
        return ["result": (try? JSONValue(parsing: Array(result.utf8))) ?? .string(result)]
    }
}

/// `millrace restart`
struct Restart: ItemAction {
    static let configuration = CommandConfiguration(commandName: "restart", abstract: "Start final work items again.")
    static let action = "restart"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
}

/// `millrace activate`
struct Activate: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "activate", abstract: "Make work items work before their activation.")
    static let action = "activate"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
}

/// `millrace assign`
struct Assign: ItemAction {
    static let configuration = CommandConfiguration(commandName: "assign", abstract: "Give work items to an agent.")
    static let action = "assign"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "The agent's id.") var agent: String

    func body() -> JSONObject { ["agent": .string(agent)] }
}

/// `millrace transfer`
struct Transfer: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Hand work items on to another agent or endpoint.")
    static let action = "transfer"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "To this agent.") var agent: String?
    @Option(help: "To everybody who serves this endpoint.") var endpoint: String?
    @Option(help: "Why, for the history.") var reason: String?

    func validate() throws {
        if (agent == nil) == (endpoint == nil) { throw ValidationError("Give either --agent or --endpoint.") }
    }

    func body() -> JSONObject {
        var body = JSONObject()
        body["agent"] = agent.map(JSONValue.string)
        body["endpoint"] = endpoint.map(JSONValue.string)
        body["reason"] = reason.map(JSONValue.string)
        return body
    }
}

/// `millrace park`
struct Park: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "park", abstract: "Put assigned work items into a workbin.")
    static let action = "park"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "An agent's id or a group's name; the agent's own when left out.") var workbin: String?
    @Option(help: "When it comes back, such as 2031-01-02T03:04:05Z or +2h.") var until: String?

    func body() throws -> JSONObject {
        var body = JSONObject()
        body["workbin"] = workbin.map(JSONValue.string)
        body["until"] = try until.map { .string(try TimeArgument.instant($0, option: "--until").rfc3339) }
        return body
    }
}

/// `millrace take`
struct Take: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "take", abstract: "Take work items out of a workbin for an agent.")
    static let action = "take"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "The agent's id; the key's own agent when left out.") var agent: String?

    func body() -> JSONObject { agent.map { ["agent": .string($0)] } ?? [:] }
}

/// `millrace takeback`
struct TakeBack: ItemAction {
    static let configuration = CommandConfiguration(
        commandName: "takeback", abstract: "Take work items back from agents or workbins into the queue.")
    static let action = "takeback"
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments
    @Option(help: "Why, for the history.") var reason: String?

    func body() -> JSONObject { reason.map { ["reason": .string($0)] } ?? [:] }
}
