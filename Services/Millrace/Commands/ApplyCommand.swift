import ArgumentParser
import Domain
import Foundation

/// `millrace apply`
struct Apply: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Apply a tenant's configuration, whole and at once, and print what it changes.",
        discussion:
            "With --dry-run nothing is changed. Exit code 65 when the document is wrong; every error is printed.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Option(name: [.short, .customLong("file")], help: "The document, YAML or JSON; - is standard input.")
    var file: String

    @Flag(help: "Only print what would change.")
    var dryRun = false

    func perform() async throws {
        let client = try connection.connect()
        let document = try InputFile.read(file)
        let isJSON = document.first { !$0.isWhitespaceASCII } == UInt8(ascii: "{")
        let type = isJSON ? "application/json" : "application/yaml"
        let checked = try await client.send(
            .POST, "/configuration/validate", body: document, contentType: type, timeout: .seconds(120))
        guard checked.isSuccess else { throw ProblemText.failure(of: checked, address: client.address) }
        let finding = try checked.json()
        guard finding["valid"]?.boolValue == true else { throw try refusal(finding) }
        if !dryRun {
            let applied = try await client.send(
                .PUT, "/configuration", body: document, contentType: type, timeout: .seconds(300))
            guard applied.isSuccess else { throw ProblemText.failure(of: applied, address: client.address) }
        }
        report(finding)
    }

    private func refusal(_ finding: JSONValue) throws -> CommandFailure {
        if output.json { Terminal.line(finding.text) }
        let errors = finding["errors"]?.arrayValue ?? []
        let lines = errors.map { error in
            let path = error["path"]?.stringValue ?? ""
            return "  \(path.isEmpty ? "(document)" : path): \(error["message"]?.stringValue ?? "")"
        }
        return CommandFailure(
            .badInput, "\(file) is refused; nothing was changed.\n" + lines.joined(separator: "\n"))
    }

    private func report(_ finding: JSONValue) {
        let changes = finding["changes"]?.arrayValue ?? []
        guard !output.json else { return Terminal.line(finding.text) }
        for change in changes { Terminal.line(ConfigurationChangeText.line(change)) }
        let count = changes.count == 1 ? "1 change" : "\(changes.count) changes"
        switch (changes.isEmpty, dryRun) {
        case (true, _): Terminal.line("No difference: the configuration is like this already.")
        case (false, true): Terminal.line("\(count) would be made; nothing was changed.")
        case (false, false): Terminal.line("\(count) applied.")
        }
    }
}

/// `millrace configuration`
struct ShowConfiguration: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration", abstract: "Print the tenant's configuration as JSON.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws {
        let document = try await connection.connect().call(.GET, "/configuration")
        Terminal.line(output.json ? document.text : TextFormats.indented(document))
    }
}

/// One change of a configuration on one line, as a difference is read.
public enum ConfigurationChangeText {
    /// `+ /skills/java`, `- /agents/anna`, `~ /endpoints/second-line/limit: 3 -> 5`.
    public static func line(_ change: JSONValue) -> String {
        let path = change["path"]?.stringValue ?? ""
        func short(_ value: JSONValue?) -> String {
            let text = value?.text ?? "nothing"
            return text.count > 200 ? text.prefix(199) + "…" : text
        }
        return switch change["kind"]?.stringValue {
        case "added": "+ \(path): \(short(change["after"]))"
        case "removed": "- \(path): \(short(change["before"]))"
        case "reordered": "~ \(path): order \(short(change["before"])) -> \(short(change["after"]))"
        default: "~ \(path): \(short(change["before"])) -> \(short(change["after"]))"
        }
    }
}
