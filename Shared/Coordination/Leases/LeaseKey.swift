/// The Redis side of a lease: one key that the holder's token sets, prolongs and deletes.
///
/// The value is `holder|token|time to live in milliseconds`. The token is drawn per elector, so a
/// restarted instance does not take its former self for itself.
struct LeaseKey: Sendable {
    let client: RedisClient
    let configuration: ElectorConfiguration
    let value: String

    init(client: RedisClient, configuration: ElectorConfiguration) {
        self.client = client
        self.configuration = configuration
        let token = String(UInt128.random(in: .min ... .max), radix: 36)
        value = "\(configuration.holder)|\(token)|\(configuration.timeToLive.milliseconds)"
    }

    enum Attempt: Sendable {
        case won
        /// Somebody else's for so long, unless renewed or released.
        case taken(for: Duration)
    }

    private var milliseconds: RedisArgument { .integer(configuration.timeToLive.milliseconds) }

    /// An answer that comes after the lease's end is of no use.
    private var timeout: Duration { min(client.timeout, configuration.timeToLive) }

    func acquire() async throws(CoordinationError) -> Attempt {
        let reply = try await client.evaluate(
            Self.acquireScript, keys: [.string(configuration.key)], arguments: [.string(value), milliseconds],
            timeout: timeout)
        guard let rest = reply.integerValue else {
            throw CoordinationError(.unexpectedReply, "Taking a lease gave no number.")
        }
        return rest == 0 ? .won : .taken(for: .milliseconds(rest))
    }

    /// - Parameter limit: how long an answer is of use.
    /// - Returns: false when the key is gone or somebody else's.
    func renew(within limit: Duration) async throws(CoordinationError) -> Bool {
        let reply = try await client.evaluate(
            Self.renewScript, keys: [.string(configuration.key)], arguments: [.string(value), milliseconds],
            timeout: min(timeout, limit))
        return reply.integerValue == 1
    }

    /// Deletes the key if it is ours and wakes those who wait for it.
    func release() async throws(CoordinationError) {
        try await client.evaluate(
            Self.releaseScript, keys: [.string(configuration.key)],
            arguments: [.string(value), .string(configuration.channel)], timeout: timeout)
    }

    /// 0 when won, also when an earlier attempt, whose answer was lost, had won it. Else the
    /// milliseconds left. A foreign key that has no end, or one beyond what its own value declares
    /// (a snapshot loaded by a server whose clock differs), is cut down to that.
    private static let acquireScript = RedisScript(
        name: "lease.acquire",
        source: """
            local held = redis.call('GET', KEYS[1])
            if held == false or held == ARGV[1] then
              redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
              return 0
            end
            local rest = redis.call('PTTL', KEYS[1])
            local declared = tonumber(string.match(held, '|(%d+)$') or ARGV[2])
            if rest < 0 or rest > declared then
              redis.call('PEXPIRE', KEYS[1], declared)
              rest = declared
            end
            return math.max(rest, 1)
            """)

    private static let renewScript = RedisScript(
        name: "lease.renew",
        source: """
            if redis.call('GET', KEYS[1]) == ARGV[1] then
              return redis.call('PEXPIRE', KEYS[1], ARGV[2])
            end
            return 0
            """)

    private static let releaseScript = RedisScript(
        name: "lease.release",
        source: """
            if redis.call('GET', KEYS[1]) == ARGV[1] then
              redis.call('DEL', KEYS[1])
              redis.call('PUBLISH', ARGV[2], '')
              return 1
            end
            return 0
            """)
}
