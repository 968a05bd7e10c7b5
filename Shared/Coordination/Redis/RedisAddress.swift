import FoundationEssentials

/// Where a Redis server is and how to log in: `redis://user:password@host:6379/0`.
public struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    /// Host name or numeric address.
    public let host: String
    /// TCP port.
    public let port: Int
    /// Database number, 0 unless given.
    public let database: Int
    let user: String?
    let password: String?

    /// Reads `redis://[user][:password@]host[:port][/database]`.
    /// - Throws: ``CoordinationError/Code/invalidConfiguration`` saying what is wrong.
    public init(_ url: String) throws(CoordinationError) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else {
            throw CoordinationError(.invalidConfiguration, "The Redis address must read redis://host:port/database.")
        }
        guard parts.scheme == "redis" else {
            throw CoordinationError(
                .invalidConfiguration,
                "The Redis address must start with redis://; for TLS put a sidecar in front of Redis.")
        }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw CoordinationError(.invalidConfiguration, "The path of the Redis address must be a database number.")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = parts.port ?? 6379
        self.database = database
        self.user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        self.password = parts.password.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The address without user and password.
    public var description: String { "redis://\(host):\(port)/\(database)" }

    /// The commands that open a session: log in, choose the database, ask whether data is loaded and
    /// which server this is. `PING` is refused while a snapshot is loading, `INFO` is not.
    var greeting: [[RedisArgument]] {
        var commands: [[RedisArgument]] = []
        if let password {
            commands.append(["AUTH"] + (user.map { [.string($0)] } ?? []) + [.string(password)])
        }
        if database != 0 { commands.append(["SELECT", .integer(Int64(database))]) }
        commands.append(["PING"])
        commands.append(["INFO", "server"])
        return commands
    }
}
