/// A Lua script that Redis knows by the SHA-1 of its source.
public struct RedisScript: Sendable, Hashable {
    /// For logs and metrics.
    public let name: String
    /// The Lua source.
    public let source: String
    /// SHA-1 of the source, 40 lower-case hexadecimal digits.
    public let sha1: String

    /// Makes a script; its SHA-1 is worked out here, so keep scripts in constants.
    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.sha1 = SHA1.hexDigest(of: Array(source.utf8))
    }

    /// Two scripts are the same when their sources are.
    public static func == (left: RedisScript, right: RedisScript) -> Bool { left.sha1 == right.sha1 }

    /// Hashes the SHA-1.
    public func hash(into hasher: inout Hasher) { hasher.combine(sha1) }

    var load: [RedisArgument] { ["SCRIPT", "LOAD", .string(source)] }

    func call(keys: [RedisArgument], arguments: [RedisArgument]) -> [RedisArgument] {
        var command: [RedisArgument] = []
        command.reserveCapacity(3 + keys.count + arguments.count)
        command.append("EVALSHA")
        command.append(.string(sha1))
        command.append(.integer(Int64(keys.count)))
        command.append(contentsOf: keys)
        command.append(contentsOf: arguments)
        return command
    }
}

/// One run of a script.
public struct RedisScriptCall: Sendable {
    /// The script.
    public var script: RedisScript
    /// The keys it touches, `KEYS` in Lua.
    public var keys: [RedisArgument]
    /// Its arguments, `ARGV` in Lua.
    public var arguments: [RedisArgument]

    /// Makes a call.
    public init(_ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]) {
        self.script = script
        self.keys = keys
        self.arguments = arguments
    }

    var command: [RedisArgument] { script.call(keys: keys, arguments: arguments) }
}
