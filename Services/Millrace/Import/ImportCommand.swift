import ArgumentParser
import Domain
import Foundation
import Logging

/// `millrace import`
struct ImportFile: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Submit the rows of a CSV file as work items.",
        discussion: """
            Goes over Kafka when the credentials name it, else over REST. A row counts as done when Millrace has answered it. \
            An interrupted import is gone on with by the same command; repeating a row changes nothing, because captureId \
            makes it unique. Refused rows are listed with line and reason in FILE.rejected.csv, and the exit code is then 1.

            A target is captureId, activation, due, priority, businessValue, preferredAgent, preferredUntil or \
            attributes.NAME; :text, :number, :boolean or :list after it says how to read the column.

            Example: millrace import incidents.csv.gz --map captureId=incident --map attributes.impact=impact --first
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: ArgumentHelp("CSV with a header line, as UTF-8; .gz is unpacked.", valueName: "file")) var file:
        String
    @Option(
        name: .customLong("map"),
        help: ArgumentHelp("What a column becomes; may be repeated.", valueName: "target=column"))
    var mappings: [String]
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("The same value for every row; may be repeated.", valueName: "target=value"))
    var constants: [String] = []
    @Option(help: "What separates the columns, such as ; or tab.") var separator = ","
    @Flag(help: "Take the first row of each captureId only.") var first = false
    @Flag(help: "Go over REST even when the credentials name Kafka.") var rest = false
    @Option(help: "The source that the items come from; the configuration's first when left out.") var source: String?
    @Option(help: "Rows under way at a time.") var window = 500
    @Option(help: "Where to keep the state; FILE.import.json when left out.") var state: String?
    @Flag(help: "Forget an earlier run and start with the first row.") var again = false
    @Flag(help: "Show the first rows as they would be submitted, and submit nothing.") var dryRun = false

    func validate() throws {
        guard (1...10_000).contains(window) else { throw ValidationError("--window takes 1 to 10000.") }
        guard separatorByte != nil else { throw ValidationError("--separator takes one ASCII character, or tab.") }
    }

    private var separatorByte: UInt8? {
        if separator == "tab" { return 9 }
        guard separator.utf8.count == 1, let byte = separator.utf8.first, byte != 0x22, byte != 0x0A, byte != 0x0D
        else { return nil }
        return byte
    }

    func perform() async throws {
        let file = try ImportedFile(
            name: file, separator: separatorByte ?? 0x2C, mappings: mappings, constants: constants, firstOnly: first)
        if dryRun { return try show(file) }
        let credentials = try connection.resolve()
        let client = APIClient(address: credentials.api, key: credentials.adminKey)
        let source = try await sourceName(client)
        let run = ImportRun(
            file: file, window: window, stateName: state ?? self.file + ".import.json",
            rejectedName: self.file + ".rejected.csv",
            target: "\(credentials.api.text) \(credentials.tenant ?? "") \(source)", startsOver: again)
        let progress = try await Interruption.cancelling {
            if let kafka = credentials.kafka, let tenant = credentials.tenant, !rest {
                try await KafkaIntake.with(
                    brokers: kafka, prefix: credentials.kafkaPrefix, tenant: tenant, source: source, logger: .quiet
                ) { try await run.perform(over: $0) }
            } else {
                try await run.perform(
                    over: RESTIntake(
                        client: APIClient(address: credentials.api, key: credentials.sourceKey ?? credentials.adminKey),
                        source: self.source))
            }
        }
        try report(progress)
    }

    private func sourceName(_ client: APIClient) async throws -> String {
        if let source { return source }
        let document = try await client.call(.GET, "/configuration")
        guard let name = SourceNames.first(of: document) else {
            throw CommandFailure(.refused, "The configuration has no source; add one and `millrace apply` it.")
        }
        return name
    }

    private func report(_ progress: ImportProgress) throws {
        if output.json {
            let summary: JSONValue = [
                "rows": .integer(Int64(progress.done)), "accepted": .integer(Int64(progress.accepted)),
                "known": .integer(Int64(progress.known)), "skipped": .integer(Int64(progress.skipped)),
                "refused": .integer(Int64(progress.refused)),
            ]
            Terminal.line(summary.text)
        } else {
            var text = "\(progress.done) rows answered: \(progress.accepted) new, \(progress.known) known already"
            if progress.skipped > 0 { text += ", \(progress.skipped) left out (captureId seen before)" }
            Terminal.line(text + ", \(progress.refused) refused.")
        }
        if progress.refused > 0 {
            throw CommandFailure(
                .refused, "Refused rows are in \(file).rejected.csv; correct them and import that file.")
        }
    }

    private func show(_ file: ImportedFile) throws {
        var shown = 0
        try file.forEachRow { row in
            switch row.content {
            case .item(_, let body): Terminal.line("line \(row.line): \(String(decoding: body, as: UTF8.self))")
            case .skipped: return true
            case .faulty(let problem): Terminal.line("line \(row.line): refused, \(problem)")
            }
            shown += 1
            return shown < 5
        }
    }
}

/// The sources that a configuration names.
enum SourceNames {
    static func first(of configuration: JSONValue) -> String? {
        // Some answers carry the document beside its version.
        let document = configuration["configuration"] ?? configuration["document"] ?? configuration
        return document["sources"]?.arrayValue?.first?["name"]?.stringValue
    }
}

extension Logger {
    /// For libraries under a command: only what matters, on standard error.
    static var quiet: Logger {
        var logger = Logger(label: "millrace") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }
}
