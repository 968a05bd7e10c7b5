import Logging
import Threads

/// One connection to Redis with its own thread.
///
/// What callers hand in while the thread is busy goes out in its next write: the busier, the larger
/// the batches. Writing does not wait for the answers to what was written before.
package final class RedisConnection: Sendable {
    /// What the connection tells its client.
    package enum Event: Sendable {
        case connected(runID: String?)
        case lost(CoordinationError)
    }

    let mailbox: RedisMailbox

    init(
        address: RedisAddress, timeout: Duration, logger: Logger,
        onEvent: @escaping @Sendable (Event) -> Void
    ) throws(CoordinationError) {
        let mailbox = try RedisMailbox()
        self.mailbox = mailbox
        try OwnedThread.begin {
            var thread = RedisConnectionThread(
                address: address, timeout: timeout, mailbox: mailbox, logger: logger, onEvent: onEvent)
            thread.run()
        }
    }
}

/// What the connection's thread does: connect, serve, and again after a pause.
private struct RedisConnectionThread {
    let address: RedisAddress
    let timeout: Duration
    let mailbox: RedisMailbox
    let logger: Logger
    let onEvent: @Sendable (RedisConnection.Event) -> Void

    private var pipeline = RedisPipeline()
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    private var backoff = Backoff()
    /// When the server last sent something, or was first asked after a silence.
    private var lastSign: Int64 = 0

    /// Beyond this many unsent bytes nothing more is taken in.
    private static let unsentLimit = 1 << 20

    init(
        address: RedisAddress, timeout: Duration, mailbox: RedisMailbox, logger: Logger,
        onEvent: @escaping @Sendable (RedisConnection.Event) -> Void
    ) {
        self.address = address
        self.timeout = timeout
        self.mailbox = mailbox
        self.logger = logger
        self.onEvent = onEvent
    }

    mutating func run() {
        while !mailbox.isClosing {
            do throws(CoordinationError) {
                let session = try RedisSession.open(
                    address, timeout: timeout, signal: mailbox.signal, beforeWaiting: expireWaiting)
                connected(session)
                try serve(session.socket)
            } catch {
                failed(error)
            }
        }
        mailbox.end()
    }

    // MARK: Connecting

    private func connected(_ session: RedisSession) {
        _ = mailbox.set(.ready)
        logger.log(
            level: backoff.isFresh ? .debug : .notice, "connected to Redis", metadata: ["address": "\(address)"])
        onEvent(.connected(runID: session.runID))
    }

    /// While there is no connection: callers still get their answer in time.
    private func expireWaiting() throws(CoordinationError) -> Int64 {
        if mailbox.isClosing { throw .clientClosed }
        let (expired, next) = mailbox.expire(at: MonotonicTime.now)
        mailbox.answer(expired, CoordinationError(.timedOut, "There was no connection to Redis in time."))
        return next
    }

    /// After a broken connection the next attempt follows at once and newcomers wait for it;
    /// after a failed attempt they are turned away until one succeeds.
    private mutating func failed(_ error: CoordinationError) {
        unsent = []
        unsentStart = 0
        mailbox.answer(pipeline.removeAll(), Self.uncertain(error))
        guard !mailbox.isClosing else { return }
        onEvent(.lost(error))
        logger.log(
            level: backoff.isFresh ? .warning : .debug, "no connection to Redis",
            metadata: ["address": "\(address)", "error": "\(error)"])
        if error.code == .connectionLost && backoff.isFresh {
            _ = mailbox.set(.connecting)
            backoff.begin()
            return
        }
        let refusal = CoordinationError(.unavailable, error.message)
        mailbox.answer(mailbox.set(.down(refusal)), refusal)
        let resume = MonotonicTime.now + backoff.pause()
        while !mailbox.isClosing && MonotonicTime.now < resume { _ = mailbox.signal.wait(until: resume) }
    }

    private static func uncertain(_ error: CoordinationError) -> CoordinationError {
        CoordinationError(
            error.code == .closed ? .closed : .connectionLost, mayHaveHappened: true,
            error.message + " Commands in flight may or may not have been executed.")
    }

    // MARK: Serving

    /// Sends and receives until the connection breaks or, after a wish to close, all is answered.
    private mutating func serve(_ socket: RedisSocket) throws(CoordinationError) {
        while true {
            let closing = takeIn()
            try flush(to: socket)
            if closing && pipeline.isEmpty { return }
            let readiness = mailbox.signal.wait(
                socket: socket.descriptor, forWriting: hasUnsent, until: nextCheck)
            if readiness.readable { try receive(from: socket) }
            try expire()
        }
    }

    /// When a caller must be answered, or a silent server given up.
    private var nextCheck: Int64 {
        guard pipeline.headIsAbandoned else { return pipeline.nextDeadline }
        return min(pipeline.nextDeadline, lastSign + timeout.nanoseconds)
    }

    private var hasUnsent: Bool { unsentStart < unsent.count }

    /// - Returns: true when the client is closing and nothing new was handed in.
    private mutating func takeIn() -> Bool {
        guard unsent.count - unsentStart < Self.unsentLimit else { return false }
        let (submissions, closing) = mailbox.take()
        guard !submissions.isEmpty else { return closing }
        let now = MonotonicTime.now
        if pipeline.isEmpty { lastSign = now }
        var late: [RedisSubmission] = []
        for submission in submissions {
            if submission.deadline <= now {
                late.append(submission)
            } else {
                unsent.append(contentsOf: submission.bytes)
                pipeline.append(submission)
            }
        }
        mailbox.answer(late, CoordinationError(.timedOut, "The command was not sent in time; nothing happened."))
        return false
    }

    private mutating func flush(to socket: RedisSocket) throws(CoordinationError) {
        while hasUnsent {
            let sent = try socket.send(unsent, from: unsentStart)
            if sent == 0 { return }
            unsentStart += sent
        }
        unsentStart = 0
        unsent.removeAll(keepingCapacity: unsent.capacity <= 2 * Self.unsentLimit)
    }

    private mutating func receive(from socket: RedisSocket) throws(CoordinationError) {
        try socket.receive()
        lastSign = MonotonicTime.now
        backoff.reset()
        var complete: [(RedisSubmission, [RedisReply])] = []
        defer {
            mailbox.release(complete.reduce(0) { $0 + $1.1.count })
            for (submission, replies) in complete { submission.caller.resume(returning: .success(replies)) }
        }
        while let reply = try socket.nextReply() {
            if let done = try pipeline.receive(reply) { complete.append(done) }
        }
    }

    /// Answers late callers. A server that has been silent all the time is given up.
    private mutating func expire() throws(CoordinationError) {
        guard !pipeline.isEmpty else { return }
        let now = MonotonicTime.now
        let expired = pipeline.expire(at: now)
        mailbox.answer(
            expired,
            CoordinationError(
                .timedOut, mayHaveHappened: true, "Redis did not answer in time; the command may still run."))
        if pipeline.headIsAbandoned && now - lastSign >= timeout.nanoseconds {
            throw CoordinationError(.connectionLost, "Redis has been silent for longer than the timeout.")
        }
    }
}
