import ArgumentParser
import Domain
import Foundation

/// `millrace doctor`
struct Doctor: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check every dependency and say what to do.",
        discussion: """
            Asks the service of the credentials, Kafka, and PostgreSQL, Redis and Kafka where the environment names them as \
            it does for a service. Exit code 0 when nothing is wrong (warnings allowed), else 69.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func perform() async throws {
        var findings: [Finding] = []
        do {
            let credentials = try connection.resolve()
            findings.append(CredentialChecks.file(credentials))
            // All at once, since each waits long for a server that is dead; told in the same order always.
            async let service = ServiceChecks(credentials: credentials).perform()
            async let kafka = KafkaChecks(credentials: credentials).perform()
            async let servers = ServerChecks.ofEnvironment(tenant: credentials.tenant).perform()
            let answers = await service.first?.state == .well
            findings += await service + kafka + servers.findings(serviceAnswers: answers)
        } catch {
            findings.append(Finding("credentials", .failed, error.message))
            findings += await ServerChecks.ofEnvironment(tenant: nil).perform().findings(serviceAnswers: false)
        }
        findings += HostChecks.perform()
        if output.json {
            Terminal.line(JSONValue.array(findings.map(\.json)).text)
        } else {
            var table = TextTable([.text(""), .text("check", width: 30), .text("finding", width: 400)])
            for finding in findings { table.add([finding.state.mark, finding.name, finding.text]) }
            Terminal.write(table.text)
        }
        let failed = findings.count { $0.state == .failed }
        if failed > 0 {
            throw CommandFailure(
                .unavailable,
                failed == 1
                    ? "1 check failed; its line says what to do."
                    : "\(failed) checks failed; their lines say what to do.")
        }
    }
}

/// What one check found.
public struct Finding: Sendable, Hashable {
    /// How bad it is.
    public enum State: String, Sendable {
        case well, warning, failed

        var mark: String {
            switch self {
            case .well: "ok"
            case .warning: "!"
            case .failed: "FAILED"
            }
        }
    }

    /// The check's name.
    public var name: String
    /// How bad it is.
    public var state: State
    /// What was found and, when it is not well, what to do.
    public var text: String

    /// A finding.
    public init(_ name: String, _ state: State, _ text: String) {
        self.name = name
        self.state = state
        self.text = text
    }

    var json: JSONValue { ["check": .string(name), "state": .string(state.rawValue), "finding": .string(text)] }
}
