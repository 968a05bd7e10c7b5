import Logging
import Threads

/// A client of one Redis server, for any number of concurrent callers.
///
/// It keeps a few connections, each on a thread of its own. Commands of concurrent callers are
/// combined into one write; nobody waits for anybody else's answer. Every call ends within its
/// timeout. When Redis is down calls fail at once with ``CoordinationError/Code/unavailable``, and
/// connections come back by themselves. Cancelling a task does not take back a command.
///
/// Commands of one call run in their order on one connection. Two calls that are under way together
/// may run in any order.
public final class RedisClient: Sendable {
    /// Where the server is.
    public let address: RedisAddress
    /// How long a call may take unless it says otherwise.
    public let timeout: Duration
    let server = RedisServerIdentity()
    private let connections: [RedisConnection]

    /// Starts to connect; does not wait for it.
    /// - Parameters:
    ///   - url: `redis://user:password@host:port/database`.
    ///   - connections: 1 or more. Redis runs commands one at a time, so two are plenty: a second one
    ///     keeps small commands from queueing behind a large pipeline's transfer.
    ///   - timeout: for each call and for making a connection.
    /// - Throws: ``CoordinationError/Code/invalidConfiguration`` when the address makes no sense.
    public init(
        url: String, connections: Int = 2, timeout: Duration = .seconds(2), logger: Logger
    ) throws(CoordinationError) {
        guard connections > 0, timeout > .zero else {
            throw CoordinationError(.invalidConfiguration, "Redis needs at least one connection and a timeout above 0.")
        }
        let address = try RedisAddress(url)
        var made: [RedisConnection] = []
        for index in 0..<connections {
            made.append(
                try RedisConnection(
                    address: address, timeout: timeout, logger: logger,
                    onEvent: { [server] in server.note($0, connection: index, logger: logger) }))
        }
        self.address = address
        self.timeout = timeout
        self.connections = made
    }

    deinit { assert(server.hasEnded, "close() a RedisClient before it is dropped") }

    /// Runs one command.
    /// - Parameter timeout: nil for the client's.
    /// - Throws: ``CoordinationError``; an error reply is thrown as ``CoordinationError/Code/refused``.
    @discardableResult
    public func command(
        _ command: [RedisArgument], timeout: Duration? = nil
    ) async throws(CoordinationError) -> RedisReply {
        guard let reply = try await pipeline([command], timeout: timeout).first else {
            throw CoordinationError(.unexpectedReply, "Redis gave no reply.")
        }
        return try reply.orThrow()
    }

    /// Runs commands in order in one round trip. Not atomic: commands of others may run in between.
    /// - Returns: as many replies as commands; a command's error stands at its place.
    /// - Throws: ``CoordinationError`` when not all replies came; then some commands may have run.
    @discardableResult
    public func pipeline(
        _ commands: [[RedisArgument]], timeout: Duration? = nil
    ) async throws(CoordinationError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        guard commands.allSatisfy({ !$0.isEmpty }) else {
            throw CoordinationError(.invalidConfiguration, "A Redis command needs a name.")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(commands.count * 64)
        for command in commands { RedisCommandEncoding.append(command, to: &bytes) }
        let wire = bytes
        let deadline = MonotonicTime.now + (timeout ?? self.timeout).nanoseconds
        let result = await withCheckedContinuation { caller in
            leastLoaded.mailbox.submit(
                RedisSubmission(bytes: wire, replyCount: commands.count, deadline: deadline, caller: caller))
        }
        return try result.get()
    }

    /// Refuses new calls, lets those under way end within their timeouts, and disconnects.
    public func close() async {
        await withTaskGroup { group in
            for connection in connections { group.addTask { await connection.mailbox.close() } }
        }
        server.end()
    }

    /// A connection that is up with the fewest commands in hand; the first of equals, so that a
    /// quiet client keeps to one.
    private var leastLoaded: RedisConnection {
        var best = connections[0]
        guard connections.count > 1 else { return best }
        var standing = best.mailbox.standing
        for connection in connections.dropFirst() {
            let other = connection.mailbox.standing
            if (other.rank, other.load) < (standing.rank, standing.load) { (best, standing) = (connection, other) }
        }
        return best
    }
}
