/// The parts of `postgresql://user@host:port/database`.
public struct DatabaseAddress: Sendable, Hashable {
    /// The role.
    public var user: String
    /// Name or address of the server.
    public var host: String
    /// Port; 5432 unless said otherwise.
    public var port: Int
    /// Name of the database.
    public var database: String

    /// Reads an address; nil when it is none, or holds a password or options.
    public init?(_ url: String) {
        guard let scheme = ["postgresql://", "postgres://"].first(where: { url.hasPrefix($0) }) else { return nil }
        let rest = url.dropFirst(scheme.count)
        guard let at = rest.firstIndex(of: "@"), let slash = rest[at...].firstIndex(of: "/") else { return nil }
        var host = rest[rest.index(after: at)..<slash]
        var port = 5432
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            guard let number = Int(host[host.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            port = number
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let (user, database) = (rest[..<at], rest[rest.index(after: slash)...])
        // Plain names only: what would have to be escaped is no name of a role, host or database of ours.
        let isPlain: (Substring, String) -> Bool = { text, also in
            !text.isEmpty && text.utf8.count <= 253
                && text.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || also.unicodeScalars.contains($0))
                }
        }
        guard isPlain(user, "_-."), isPlain(host, "-._:"), isPlain(database, "_-.") else { return nil }
        self.user = String(user)
        self.host = String(host)
        self.port = port
        self.database = String(database)
    }

    /// What is wrong with an address in a configuration; nil when nothing is.
    static func problem(with url: String) -> String? {
        if DatabaseAddress(url) != nil { return nil }
        return "Expected an address such as postgresql://mart@db.example.com:5432/mart, without password and options."
    }
}
