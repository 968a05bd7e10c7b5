import CLibPQ

/// Where the database is and who connects; it never shows its password.
struct PostgresAddress: Sendable, CustomStringConvertible, CustomReflectable {
    /// The connection string as given; holds the password.
    let connectionString: String
    let applicationName: String
    /// Host, port and database, for logs.
    let description: String
    private let password: String

    init(url: String, applicationName: String) throws(StorageError) {
        // libpq's own message would quote the URL with its password, so it is dropped.
        var message: UnsafeMutablePointer<CChar>?
        let options = PQconninfoParse(url, &message)
        PQfreemem(message)
        guard let options, !url.utf8.contains(0) else {
            throw StorageError(
                .invalidURL, "the database's URL cannot be read; expected postgres://user:password@host:port/database")
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        password = values["password"] ?? ""
        description = "\(values["host"] ?? "local"):\(values["port"] ?? "5432")/\(values["dbname"] ?? "")"
        connectionString = url
        self.applicationName = applicationName
    }

    /// libpq's text on one line, without the password.
    func withoutSecrets(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if password.isEmpty { return line }
        return line.split(separator: password, omittingEmptySubsequences: false).joined(separator: "…")
    }

    var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}
