import ArgumentParser
import Foundation

/// Where the API is and who asks: options of every command.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("File with address and keys, as `make up` writes it.", valueName: "file"))
    var credentials: String?

    @Option(
        help: ArgumentHelp(
            "Address of the API instead of the file's, such as http://127.0.0.1:4024/iwd/v3.", valueName: "url"))
    var url: String?

    @Option(help: ArgumentHelp("API key or JWT instead of the file's.", valueName: "key"))
    var key: String?

    /// The credentials: from --url and --key, else from the file, with what the options say instead.
    func resolve() throws(CommandFailure) -> Credentials {
        let environment = ProcessInfo.processInfo.environment
        let named = credentials ?? environment["MILLRACE_CREDENTIALS"]
        if let url, let key, named == nil { return try Credentials(url: url, key: key) }
        var found = try Credentials(file: named ?? ".local/credentials.json")
        if let url {
            found.api = try APIAddress(url)
            found.reports = nil
        }
        if let key {
            found.adminKey = key
            found.sourceKey = nil
        }
        return found
    }

    /// A client that may do what the credentials may do.
    func connect() throws(CommandFailure) -> APIClient {
        let credentials = try resolve()
        return APIClient(address: credentials.api, key: credentials.adminKey)
    }

    /// A client of the data mart's reports.
    func connectReports() throws(CommandFailure) -> APIClient {
        let credentials = try resolve()
        return APIClient(address: credentials.reports ?? credentials.api, key: credentials.adminKey)
    }
}

/// `--json`: what a program reads instead of what a person reads.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false
}
