import ArgumentParser
import Core
import Foundation
import ServiceKit

/// `millrace bootstrap`: creates a tenant with its first configuration and keys, straight in the database.
struct BootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Create a tenant with its configuration and two keys, and write the keys to a file.",
        discussion: """
            Runs as the owner of the database. What is there already stays: it can be repeated. Keys in the file are kept \
            while they hold; with --credentials - new ones are made and printed each time, and those made before the last \
            time end.
            """)

    @Option(help: "The tenant's name.")
    var tenant: String

    @Option(help: "Its configuration document, YAML or JSON.")
    var configuration: String

    @Option(help: "The source whose key is made.")
    var source: String

    @Option(
        help: ArgumentHelp("Where the keys are written, readable by the owner only; - prints them.", valueName: "file"))
    var credentials: String

    @Option(
        help: ArgumentHelp(
            "The address that the file gives for the API, when callers use another one.", valueName: "url"))
    var baseUrl: String?

    private var printsKeys: Bool { credentials == "-" }

    func run() async throws {
        let settings = try ServiceStart.load {
            try ServiceConfiguration.load(environment: $0, needs: .database, otherKeys: CoreKeys.all)
        }
        let installation = try Installation(configuration: settings)
        // Before anything is made: keys that can be written nowhere would be lost.
        if !printsKeys { try CredentialsFile.checkWritable(credentials) }
        let document = [UInt8](try Data(contentsOf: URL(fileURLWithPath: configuration)))
        let known = printsKeys ? nil : try? CredentialsFile(path: credentials)
        let keys = try await installation.bootstrap(
            tenant: tenant, document: document, isJSON: configuration.hasSuffix(".json"), source: source,
            existing: known.map { ($0.adminKey, $0.sourceKey) })
        let host = settings.http.host == "0.0.0.0" ? "127.0.0.1" : settings.http.host
        let file = CredentialsFile(
            tenant: tenant, baseUrl: baseUrl ?? "http://\(host):\(settings.http.port)", kafka: settings.kafka.bootstrap,
            kafkaPrefix: settings.kafka.prefix, adminKey: keys.admin, sourceKey: keys.source
        )
        guard !printsKeys else { return Terminal.write(String(decoding: try file.encoded(), as: UTF8.self)) }
        try file.write(to: credentials)
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

    /// Says why nothing could be written there.
    static func checkWritable(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard access(folder, W_OK | X_OK) == 0 else {
            throw ValidationError(
                "\(folder) cannot be written to; give another --credentials FILE, or - to print the keys.")
        }
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// Written beside and moved, so that nobody ever reads half a file, or one that others can read.
    func write(to path: String) throws {
        let data = try encoded()
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: data)
        try handle.close()
        guard rename(draft, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
