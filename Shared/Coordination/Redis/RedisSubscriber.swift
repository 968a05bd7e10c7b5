import Logging
import Threads

/// Listens to Redis channels over one connection of its own, on a thread of its own.
///
/// Redis does not keep messages: while the connection is down they are lost. So treat a message as
/// a hint to look, and look also on each ``RedisNotice/subscribed``, which comes after a reconnect.
public final class RedisSubscriber: Sendable {
    private let subscriptions: RedisSubscriptions

    /// Starts to connect; does not wait for it.
    /// - Parameters:
    ///   - url: `redis://user:password@host:port/database`.
    ///   - timeout: for making a connection, and twice that without a sign of life breaks one.
    /// - Throws: ``CoordinationError/Code/invalidConfiguration`` when the address makes no sense.
    public init(url: String, timeout: Duration = .seconds(2), logger: Logger) throws(CoordinationError) {
        let address = try RedisAddress(url)
        let subscriptions = try RedisSubscriptions()
        self.subscriptions = subscriptions
        try OwnedThread.begin {
            var thread = RedisSubscriberThread(
                address: address, timeout: timeout, subscriptions: subscriptions, logger: logger)
            thread.run()
        }
    }

    /// Listens to a channel until the stream is dropped or its task is cancelled.
    /// - Parameter limit: notices kept for a slow reader; beyond it the oldest are dropped.
    public func subscribe(_ channel: String, buffering limit: Int = 1024) -> AsyncStream<RedisNotice> {
        subscriptions.add(channel, buffering: limit)
    }

    /// Ends all streams and disconnects.
    public func close() async { await subscriptions.close() }
}

/// What the subscriber's thread does: connect, subscribe, hand on, and again after a pause.
private struct RedisSubscriberThread {
    let address: RedisAddress
    let timeout: Duration
    let subscriptions: RedisSubscriptions
    let logger: Logger
    private var backoff = Backoff()

    init(address: RedisAddress, timeout: Duration, subscriptions: RedisSubscriptions, logger: Logger) {
        self.address = address
        self.timeout = timeout
        self.subscriptions = subscriptions
        self.logger = logger
    }

    mutating func run() {
        while !subscriptions.isClosing {
            do throws(CoordinationError) {
                let session = try RedisSession.open(
                    address, timeout: timeout, signal: subscriptions.signal, beforeWaiting: checkClosing)
                try listen(session.socket)
            } catch {
                subscriptions.reset()
                logger.debug("subscriptions interrupted", metadata: ["address": "\(address)", "error": "\(error)"])
                let resume = MonotonicTime.now + backoff.pause()
                while !subscriptions.isClosing && MonotonicTime.now < resume {
                    _ = subscriptions.signal.wait(until: resume)
                }
            }
        }
        subscriptions.end()
    }

    private func checkClosing() throws(CoordinationError) -> Int64 {
        if subscriptions.isClosing { throw .clientClosed }
        return .max
    }

    /// Hands messages on until the connection breaks or the subscriber closes. In a silence it asks
    /// for a sign of life, as a dead peer would otherwise go unnoticed.
    private mutating func listen(_ socket: RedisSocket) throws(CoordinationError) {
        var unsent: [UInt8] = []
        var lastSign = MonotonicTime.now
        var asked = false
        while !subscriptions.isClosing {
            for command in subscriptions.changes() { RedisCommandEncoding.append(command, to: &unsent) }
            if !asked && MonotonicTime.now >= lastSign + timeout.nanoseconds {
                RedisCommandEncoding.append(["PING"], to: &unsent)
                asked = true
            }
            if !unsent.isEmpty { unsent.removeFirst(try socket.send(unsent, from: 0)) }
            let readiness = subscriptions.signal.wait(
                socket: socket.descriptor, forWriting: !unsent.isEmpty,
                until: lastSign + timeout.nanoseconds * (asked ? 2 : 1))
            if readiness.readable {
                try socket.receive()
                lastSign = MonotonicTime.now
                asked = false
                backoff.reset()
                while let reply = try socket.nextReply() { subscriptions.deliver(reply) }
            } else if asked && MonotonicTime.now >= lastSign + timeout.nanoseconds * 2 {
                throw CoordinationError(.connectionLost, "Redis has been silent for too long.")
            }
        }
    }
}
