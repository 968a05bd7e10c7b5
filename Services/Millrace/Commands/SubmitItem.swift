import ArgumentParser
import Domain
import Foundation

/// `millrace submit`
struct Submit: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a work item.",
        discussion: """
            Attributes are given as key=value: `true`, `false` and numbers are taken as such, key:=JSON takes any JSON, \
            key="text" (with quotes in the value) is always text. With - as the only argument the body is read from \
            standard input as JSON. Submitting the same --capture-id with the same content again changes nothing.

            Example: millrace submit --capture-id INC-1 impact=High product=PROD424
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "The source's own number of the item; one is made up when it is left out.")
    var captureId: String?
    @Option(help: "When it becomes work, such as 2031-01-02T03:04:05Z or +2h.")
    var activation: String?
    @Option(help: "When it is to be done, such as 2031-01-02T03:04:05Z or +8h.")
    var due: String?
    @Option(help: "Head start in seconds of age.")
    var priority: Double?
    @Option(help: "What it is worth, in the source's unit.")
    var businessValue: Double?
    @Option(help: "The agent who should have it first.")
    var preferredAgent: String?
    @Option(help: "The source that it comes from, when the key may speak for several.")
    var source: String?
    @Argument(help: ArgumentHelp("Attributes, or - for a body on standard input.", valueName: "key=value"))
    var attributes: [String] = []

    func perform() async throws {
        let credentials = try connection.resolve()
        let client = APIClient(address: credentials.api, key: credentials.sourceKey ?? credentials.adminKey)
        let body = attributes == ["-"] ? try bodyFromInput() : .object(try bodyFromOptions())
        let query = PercentEncoding.query(source.map { [("source", $0)] } ?? [])
        let answer = try await client.send(.POST, "/workitems" + query, body: body.bytes)
        guard answer.isSuccess else { throw ProblemText.failure(of: answer, address: client.address) }
        let item = try answer.json()
        guard !output.json else { return Terminal.line(item.text) }
        let known = answer.status == 200 ? " (known already)" : ""
        Terminal.line(
            "\(item["id"]?.stringValue ?? "")  \(item["captureId"]?.stringValue ?? "")  \(item["status"]?.stringValue ?? "")\(known)"
        )
    }

    private func bodyFromInput() throws -> JSONValue {
        do { return try JSONValue(parsing: try InputFile.read("-")) } catch let error as JSONError {
            throw CommandFailure(.badInput, "Standard input is not JSON: \(error)")
        }
    }

    private func bodyFromOptions() throws -> JSONObject {
        var body: JSONObject = ["captureId": .string(captureId ?? UUID().uuidString.lowercased())]
        body["activation"] = try activation.map {
            .string(try TimeArgument.instant($0, option: "--activation").rfc3339)
        }
        body["due"] = try due.map { .string(try TimeArgument.instant($0, option: "--due").rfc3339) }
        body["priority"] = priority.map(JSONValue.number)
        body["businessValue"] = businessValue.map(JSONValue.number)
        body["preferredAgent"] = preferredAgent.map(JSONValue.string)
        var values = JSONObject()
        for argument in attributes {
            guard let (name, value) = AttributeArgument.read(argument) else {
                throw CommandFailure(.usage, "\(argument) is not key=value or key:=JSON.")
            }
            values[name] = value
        }
        if !values.isEmpty { body["attributes"] = .object(values) }
        return body
    }
}

/// An attribute on the command line.
public enum AttributeArgument {
    /// Reads `key=value` or `key:=JSON`; nil when it is neither.
    public static func read(_ argument: String) -> (name: String, value: JSONValue)? {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        let text = String(argument[argument.index(after: equals)...])
        let before = argument.index(before: equals)
        if argument[before] == ":" {
            guard before != argument.startIndex, let value = try? JSONValue(parsing: Array(text.utf8)) else {
                return nil
            }
            return (String(argument[..<before]), value)
        }
        return (String(argument[..<equals]), value(of: text))
    }

    /// Numbers and truth values as such; everything else, and what would lose digits or zeros, as text.
    public static func value(of text: String) -> JSONValue {
        guard let value = try? JSONValue(parsing: Array(text.utf8)) else { return .string(text) }
        switch value {
        case .bool: return value
        case .integer, .number: return value.text == text ? value : .string(text)
        case .string(let quoted): return .string(quoted)
        default: return .string(text)
        }
    }
}

/// A point in time on the command line.
enum TimeArgument {
    /// RFC 3339, or `+` and a duration from now: `+8h`.
    static func instant(_ text: String, option: String) throws(CommandFailure) -> Domain.Instant {
        if text.hasPrefix("+"), let span = DurationText.milliseconds(String(text.dropFirst())) { return .now + span }
        guard let instant = Instant(rfc3339: text) else {
            throw CommandFailure(.usage, "\(option): \(text) is not a time such as 2031-01-02T03:04:05Z or +8h.")
        }
        return instant
    }
}
