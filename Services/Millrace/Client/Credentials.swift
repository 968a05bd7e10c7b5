import Domain
import Foundation

/// What `credentials.json` says: which tenant, where, and with which keys.
struct Credentials: Sendable {
    /// The tenant's name; unknown when only an address and a key were given.
    var tenant: String?
    /// Address of the API with its path: `http://127.0.0.1:4024/iwd/v3`.
    var api: APIAddress
    /// Address of the data mart's reports where no gateway puts them beside the rest of the API.
    var reports: APIAddress?
    /// Comma-separated `host:port` of Kafka brokers.
    var kafka: String?
    /// What the names of topics begin with.
    var kafkaPrefix: String
    /// May do everything in the tenant.
    var adminKey: String
    /// Submits as one source.
    var sourceKey: String?
    /// Where this was read, for messages.
    var origin: String

    /// Reads a file.
    init(file: String) throws(CommandFailure) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(
                .noInput,
                "There is no readable file \(file) with credentials. Run `make up`, or give --credentials FILE, "
                    + "or --url and --key.")
        }
        let document: JSONValue
        do { document = try JSONValue(parsing: Array(data)) } catch {
            throw CommandFailure(.badConfiguration, "\(file) is not JSON: \(error)")
        }
        func text(_ key: String) -> String? { document[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        func required(_ key: String) throws(CommandFailure) -> String {
            guard let value = text(key) else {
                throw CommandFailure(
                    .badConfiguration, "\(file) lacks \"\(key)\"; run `make up` to have it written again.")
            }
            return value
        }
        tenant = text("tenant")
        api = try APIAddress(try required("baseUrl"))
        if let url = text("reportsUrl") { reports = try APIAddress(url) }
        kafka = text("kafka")
        kafkaPrefix = text("kafkaPrefix") ?? ""
        adminKey = try required("adminKey")
        sourceKey = text("sourceKey")
        origin = file
    }

    /// An address and one key for everything.
    init(url: String, key: String) throws(CommandFailure) {
        api = try APIAddress(url)
        kafkaPrefix = ""
        adminKey = key
        origin = "--url and --key"
    }
}

/// The API's address, taken apart.
struct APIAddress: Sendable, Hashable {
    var isSecure: Bool
    var host: String
    var port: Int
    /// `/iwd/v3`, without a slash at its end.
    var path: String

    /// Reads an address; one without a path gets `/iwd/v3`.
    init(_ text: String) throws(CommandFailure) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty
        else {
            throw CommandFailure(.badConfiguration, "\(text) is not an address such as http://127.0.0.1:4024/iwd/v3.")
        }
        isSecure = scheme == "https"
        self.host = host
        port = parts.port ?? (isSecure ? 443 : 4024)
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path.isEmpty ? "/iwd/v3" : path
    }

    /// Scheme, host and port.
    var origin: String { "\(isSecure ? "https" : "http")://\(host):\(port)" }

    var text: String { origin + path }
}
