/// Who has shown a sign of life lately: instances of a service, or agents with a poll or stream.
///
/// One sorted set by Redis' own clock. Redis may forget it, so absence of a member that was never
/// seen since says nothing: after a loss, ``touch(_:)`` all who are believed present, which gives
/// each a whole time to live to show up.
public struct Presence: Sendable {
    private let client: RedisClient
    private let key: RedisArgument
    private let timeToLive: RedisArgument

    /// Makes a presence.
    /// - Parameters:
    ///   - key: the Redis key, with the tenant's hash tag.
    ///   - timeToLive: how long a sign of life counts.
    public init(key: String, timeToLive: Duration, client: RedisClient) {
        self.key = .string(key)
        self.timeToLive = .integer(timeToLive.milliseconds)
        self.client = client
    }

    /// Notes a sign of life of members.
    public func touch(_ members: [String]) async throws(CoordinationError) {
        guard !members.isEmpty else { return }
        try await client.evaluate(Self.touchScript, keys: [key], arguments: members.map { .string($0) })
    }

    /// Members seen within the time to live, longest silent first.
    public func members() async throws(CoordinationError) -> [String] {
        try texts(await client.evaluate(Self.membersScript, keys: [key], arguments: [timeToLive]))
    }

    /// True when the member was seen within the time to live.
    public func isPresent(_ member: String) async throws(CoordinationError) -> Bool {
        let arguments: [RedisArgument] = [timeToLive, .string(member)]
        return try await client.evaluate(Self.isPresentScript, keys: [key], arguments: arguments).integerValue == 1
    }

    /// Takes out members that have been silent for longer than the time to live; each is given to
    /// one caller. Whoever takes them acts on it, and touches them again if that fails.
    public func takeSilent(limit: Int = 1000) async throws(CoordinationError) -> [String] {
        let arguments: [RedisArgument] = [timeToLive, RedisArgument(limit)]
        return try texts(await client.evaluate(Self.takeSilentScript, keys: [key], arguments: arguments))
    }

    /// Takes members out at once.
    public func remove(_ members: [String]) async throws(CoordinationError) {
        guard !members.isEmpty else { return }
        try await client.command(["ZREM", key] + members.map { .string($0) })
    }

    private func texts(_ reply: RedisReply) throws(CoordinationError) -> [String] {
        guard let elements = reply.elements else {
            throw CoordinationError(.unexpectedReply, "Presence gave no list.")
        }
        return elements.compactMap(\.text)
    }

    private static let now = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        """

    private static let touchScript = RedisScript(
        name: "presence.touch",
        source: now + """
            for i = 1, #ARGV do redis.call('ZADD', KEYS[1], now, ARGV[i]) end
            return #ARGV
            """)

    private static let membersScript = RedisScript(
        name: "presence.members",
        source: now + "return redis.call('ZRANGEBYSCORE', KEYS[1], now - ARGV[1], '+inf')")

    private static let isPresentScript = RedisScript(
        name: "presence.isPresent",
        source: now + """
            local seen = redis.call('ZSCORE', KEYS[1], ARGV[2])
            return (seen and tonumber(seen) >= now - ARGV[1]) and 1 or 0
            """)

    private static let takeSilentScript = RedisScript(
        name: "presence.takeSilent",
        source: now + """
            local silent = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. (now - ARGV[1]), 'LIMIT', 0, ARGV[2])
            for i = 1, #silent do redis.call('ZREM', KEYS[1], silent[i]) end
            return silent
            """)
}
