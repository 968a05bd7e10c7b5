import ArgumentParser
import Domain
import Foundation

/// `millrace demo`
struct Demo: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "Show the system at work: realistic incidents through Kafka, simulated agents, a live table, a summary.",
        discussion: """
            Needs a running system (`make up`); `make demo` does everything. DEMO_SECONDS is the length (120); DEMO_DATA names \
            an incident log to replay (incidents.csv.gz) instead of generated incidents, which follow such a log. The exit \
            code is not 0 when anything that was acknowledged is not there exactly once. With --mail customers write mail \
            besides, agents answer it, and what was written and answered must be there exactly once too.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Length in seconds; DEMO_SECONDS, else 120.") var seconds: Double?
    @Option(help: "An incident log to replay; DEMO_DATA, else generated incidents.") var data: String?
    @Option(help: "Generated incidents per second, on average.") var rate = 20.0
    @Option(help: "Decides which incidents and mails are generated.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Mail servers with accounts, as `make demo` describes them.", valueName: "file"))
    var mail: String?

    func validate() throws {
        guard (0.1...1000).contains(rate) else { throw ValidationError("--rate takes 0.1 to 1000.") }
    }

    func perform() async throws {
        let environment = ProcessInfo.processInfo.environment
        let length = seconds ?? environment["DEMO_SECONDS"].flatMap(Double.init) ?? 120
        guard (10...86400).contains(length) else {
            throw CommandFailure(
                .usage, "The length (--seconds, DEMO_SECONDS) is a number of seconds from 10 to 86400.")
        }
        let credentials = try connection.resolve()
        guard let kafka = credentials.kafka, let tenant = credentials.tenant else {
            throw CommandFailure(
                .badConfiguration,
                "\(credentials.origin) names no tenant and Kafka; run `make up` and give its credentials.")
        }
        let client = APIClient(address: credentials.api, key: credentials.adminKey)
        let document = try await client.call(.GET, "/configuration")
        guard let source = SourceNames.first(of: document) else {
            throw CommandFailure(
                .refused, "The configuration has no source; `millrace apply -f deploy/local/demo-tenant.yaml`.")
        }
        let configuration = try Self.configuration(document)
        let desks = DemoDesks(configuration, source: source)
        let run = UUID().uuidString.lowercased().prefix(8)
        let submitting = length - DemoRun.drain(of: length)
        let file = data ?? environment["DEMO_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        // A little earlier than the end, so that the last ones are not late.
        let stream = submitting * 0.98
        let journeys =
            try file.map { try ReplayIncidents.journeys(file: $0, seconds: stream, prefix: "\(run)/") }
            ?? GenerateIncidents().journeys(
                count: Int(rate * submitting), seconds: stream, prefix: "\(run)-INC", seed: seed)
        let routes = desks.routes(for: journeys, seconds: submitting, occupancy: 0.55)
        guard !routes.isEmpty else { throw CommandFailure(.refused, "No category of the tenant takes incidents.") }
        var customers: DemoMail?
        if let mail {
            customers = try await DemoMail(
                DemoMailServers(file: mail), client: client, configuration: configuration,
                document: document["configuration"] ?? document["document"] ?? document, run: String(run),
                writing: submitting, seed: seed)
        }
        let demo = DemoRun(
            credentials: credentials, client: client, routes: routes, mail: customers, length: length,
            submitting: submitting,
            showsTable: Terminal.isScreen && !output.json, isQuiet: output.json)
        let result = try await KafkaIntake.with(
            brokers: kafka, prefix: credentials.kafkaPrefix, tenant: tenant, source: source, repeatAfter: .seconds(5),
            logger: .quiet
        ) { try await demo.perform(over: $0) }
        try await result.report(asJSON: output.json)
    }

    private static func configuration(_ document: JSONValue) throws -> TenantConfiguration {
        let document = document["configuration"] ?? document["document"] ?? document
        switch TenantConfiguration.validate(document, now: .now) {
        case .success(let configuration): return configuration
        case .failure(let problems):
            throw CommandFailure(
                .unavailable, "The service's configuration cannot be read; is this millrace as new as it?\n\(problems)")
        }
    }
}
