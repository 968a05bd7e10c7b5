import ArgumentParser
import Core
import Foundation
import ServiceKit

/// `millrace bootstrap`: creates a tenant with its first configuration and keys, straight in the database.
struct BootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Create a tenant with its configuration and two keys, and write the keys to a file.",
        discussion: "Runs as the owner of the database. What is there already stays: it can be repeated.")

    @Option(help: "The tenant's name.")
    var tenant: String

    @Option(help: "Its configuration document, YAML or JSON.")
    var configuration: String

    @Option(help: "The source whose key is made.")
    var source: String

    @Option(help: "Where the keys are written, readable by the owner only.")
    var credentials: String

    func run() async throws {
        let settings = try ServiceStart.load { try ServiceConfiguration.load(environment: $0, needs: .database, otherKeys: CoreKeys.all) }
        let installation = try Installation(configuration: settings)
        let document = [UInt8](try Data(contentsOf: URL(fileURLWithPath: configuration)))
        let known = try? CredentialsFile(path: credentials)
        let keys = try await installation.bootstrap(
            tenant: tenant, document: document, isJSON: configuration.hasSuffix(".json"), source: source,
            existing: known.map { ($0.adminKey, $0.sourceKey) })
        let host = settings.http.host == "0.0.0.0" ? "127.0.0.1" : settings.http.host
        try CredentialsFile(
            tenant: tenant, baseUrl: "http://\(host):\(settings.http.port)", kafka: settings.kafka.bootstrap,
            kafkaPrefix: settings.kafka.prefix, adminKey: keys.admin, sourceKey: keys.source
        ).write(to: credentials)
        print("Tenant \(tenant) is ready; its keys are in \(credentials).")
    }
}

/// The file that `make up` leaves for whoever tries the system.
struct CredentialsFile: Codable {
    var tenant: String
    var baseUrl: String
    var kafka: String
    var kafkaPrefix: String?
    var adminKey: String
    var sourceKey: String

    init(tenant: String, baseUrl: String, kafka: String, kafkaPrefix: String, adminKey: String, sourceKey: String) {
        self.tenant = tenant
        self.baseUrl = baseUrl
        self.kafka = kafka
        self.kafkaPrefix = kafkaPrefix.isEmpty ? nil : kafkaPrefix
        self.adminKey = adminKey
        self.sourceKey = sourceKey
    }

    init(path: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Written beside and moved, so that nobody ever reads half a file, or one that others can read.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(self) + Data("\n".utf8)
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: data)
        try handle.close()
        guard rename(draft, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
