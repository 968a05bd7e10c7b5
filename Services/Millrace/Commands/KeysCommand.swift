import ArgumentParser
import Domain

/// `millrace keys`
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List, create and revoke API keys.",
        discussion: "Two keys of one name may be valid at a time: create the new one, hand it out, revoke the old one.",
        subcommands: [ListKeys.self, CreateKey.self, RevokeKey.self])
}

/// `millrace keys list`
struct ListKeys: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tenant's API keys.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws {
        var table = TextTable([
            .text("id", width: 36), .text("name", width: 30), .text("roles", width: 40), .text("source", width: 20),
            .text("agent", width: 20), .text("created", width: 24), .text("expires", width: 24),
            .text("revoked", width: 24),
        ])
        try await connection.connect().forEach("/keys") { key in
            if output.json { Terminal.line(key.text) }
            table.add(
                ["id", "name", "roles", "source", "agent", "createdAt", "expiresAt", "revokedAt"].map {
                    TextFormats.cell(key[$0])
                })
            return true
        }
        if !output.json { Terminal.write(table.text) }
    }
}

/// `millrace keys create`
struct CreateKey: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create an API key; its text is shown this once.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A name to know it by.") var name: String
    @Option(name: .customLong("role"), help: "admin, supervisor, agent, source or reader; may be repeated.") var roles:
        [String]
    @Option(help: "Bind it to this source.") var source: String?
    @Option(help: "Bind it to this agent.") var agent: String?
    @Option(help: "Until when it is valid, such as 2031-01-02T03:04:05Z or +90d.") var expires: String?

    func perform() async throws {
        var body: JSONObject = ["name": .string(name), "roles": .array(roles.map(JSONValue.string))]
        body["source"] = source.map(JSONValue.string)
        body["agent"] = agent.map(JSONValue.string)
        body["expiresAt"] = try expires.map { .string(try TimeArgument.instant($0, option: "--expires").rfc3339) }
        let key = try await connection.connect().call(.POST, "/keys", body: .object(body))
        if output.json { return Terminal.line(key.text) }
        Terminal.line(TextFormats.cell(key["key"]))
        Terminal.complain("key \(TextFormats.cell(key["id"])) created; it cannot be shown again.")
    }
}

/// `millrace keys revoke`
struct RevokeKey: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke API keys by id; at once and for ever.")

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Ids of keys.") var ids: [String]

    func perform() async throws {
        let client = try connection.connect()
        for id in ids {
            try await client.call(.DELETE, "/keys/\(PercentEncoding.segment(id))")
            Terminal.line("\(id)  revoked")
        }
    }
}
