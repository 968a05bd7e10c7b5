import ArgumentParser
import Domain

/// Which items a command is about.
struct ItemArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("Ids of work items, or SOURCE/CAPTUREID.", valueName: "item"))
    var items: [String]

    var names: [WorkItemName] { items.map(WorkItemName.init) }
}

/// `millrace list`
struct List: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List work items, newest first, or search them.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only with these statuses, separated by commas.") var status: String?
    @Option(help: "Only of this category and those inside.") var category: String?
    @Option(help: "Only with this agent.") var assignee: String?
    @Option(help: "Only with this number of the source.") var captureId: String?
    @Option(help: "Only of this source.") var source: String?
    @Option(
        name: [.customShort("q"), .customLong("text")],
        help: "Search number, attributes and messages: words, \"phrases\", begin*, field:word, -without.")
    var text: String?
    @Option(help: "receivedAt, due or updatedAt, with - before it for the last first; relevance when searching.")
    var sort: String?
    @Option(help: "At most so many; 0 lists all.") var limit = 50

    func perform() async throws {
        let client = try connection.connect()
        var query: [(String, String)] = [("limit", String(limit == 0 ? 500 : min(limit, 500)))]
        for (name, value) in [
            ("status", status), ("category", category), ("assignee", assignee), ("captureId", captureId),
            ("source", source), ("q", text), ("sort", sort),
        ] {
            if let value { query.append((name, value)) }
        }
        var count = 0
        var table = TextTable(
            [
                .text("id", width: 36), .text("capture id", width: 30), .text("status"), .text("category", width: 40),
                .number("priority"), .number("waited"), .text("due", width: 24), .text("assignee", width: 20),
            ] + (text == nil ? [] : [.text("found", width: 80)]))
        let now = Instant.now
        var note: String?
        try await client.forEach(
            "/workitems", query: query, page: { note = note ?? $0["search"]?["note"]?.stringValue }
        ) { item in
            if output.json { Terminal.line(item.text) } else { table.add(cells(item, now)) }
            count += 1
            return limit == 0 || count < limit
        }
        if !output.json { Terminal.write(table.text) }
        if let note { Terminal.complain(note) }
    }

    private func cells(_ item: JSONValue, _ now: Domain.Instant) -> [String] {
        let received = item["receivedAt"]?.stringValue.flatMap { Instant(rfc3339: $0) }
        return [
            TextFormats.cell(item["id"]), TextFormats.cell(item["captureId"]), TextFormats.cell(item["status"]),
            TextFormats.cell(item["category"]),
            item["currentPriority"]?.numberValue.map { TextFormats.number($0) } ?? "",
            received.map { TextFormats.span(milliseconds: now - $0) } ?? "", TextFormats.cell(item["due"]),
            TextFormats.cell(item["assignee"]), text == nil ? "" : Self.found(item),
        ]
    }

    /// Where a search found something first: `note: A [broken] router`.
    private static func found(_ item: JSONValue) -> String {
        guard let first = item["highlights"]?.arrayValue?.first, let field = first["field"]?.stringValue else {
            return ""
        }
        let pieces = (first["text"]?.arrayValue ?? []).compactMap(\.stringValue)
        let text = pieces.enumerated().map { $0.offset.isMultiple(of: 2) ? $0.element : "[\($0.element)]" }.joined()
        let name = field.split(separator: "/", maxSplits: 1).last.map(String.init) ?? field
        return "\(name): \(text)"
    }
}

/// `millrace show`
struct Show: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show work items with everything known of them.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments

    func perform() async throws {
        let client = try connection.connect()
        try await ItemBatch(names: items.names).perform { name in
            let item = try await client.call(.GET, name.path)
            Terminal.line(output.json ? item.text : TextFormats.indented(item))
        }
    }
}

/// `millrace history`
struct History: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show what happened to work items, and who did it.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments

    func perform() async throws {
        let client = try connection.connect()
        try await ItemBatch(names: items.names).perform { name in
            var table = TextTable([
                .number("rev"), .text("time", width: 24), .text("what"), .text("from"), .text("to"),
                .text("agent", width: 20),
                .text("by", width: 40), .text("reason", width: 60),
            ])
            try await client.forEach(name.path + "/history") { event in
                if output.json { Terminal.line(event.text) } else { table.add(EventText.historyCells(event)) }
                return true
            }
            if !output.json { Terminal.write(table.text) }
        }
    }
}

/// `millrace explain`
struct Explain: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain why work items went where they went: rule, curve, age, and what competed.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var items: ItemArguments

    func perform() async throws {
        let client = try connection.connect()
        try await ItemBatch(names: items.names).perform { name in
            let answer = try await client.call(.GET, name.path + "/explanation")
            if output.json { return Terminal.line(answer.text) }
            Terminal.line(ExplanationText.lines(of: answer).joined(separator: "\n"))
        }
    }
}

/// The same done to several items: one that fails does not keep the others from being done.
struct ItemBatch {
    var names: [WorkItemName]

    func perform(_ body: (WorkItemName) async throws -> Void) async throws {
        var failure: CommandFailure?
        for name in names {
            do { try await body(name) } catch let error as CommandFailure {
                // Nobody there, or not allowed: it would be the same for all.
                if names.count == 1 || error.code == .unavailable || error.code == .notPermitted { throw error }
                Terminal.complain("\(name.text): \(error.message)")
                failure = failure ?? error
            }
        }
        if let failure {
            throw CommandFailure(failure.code, "Not all of the \(names.count) items could be done; see above.")
        }
    }
}
