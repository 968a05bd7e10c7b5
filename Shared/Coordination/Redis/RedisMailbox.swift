import Synchronization

/// The door between callers and a connection's thread.
package final class RedisMailbox: Sendable {
    /// Whether callers may hand something in.
    enum Availability: Sendable {
        /// A connection is being made; callers wait.
        case connecting
        /// Connected.
        case ready
        /// The last attempt failed; callers are turned away at once with this error.
        case down(CoordinationError)
        /// For good.
        case closed
    }

    private struct Contents: Sendable {
        var waiting: [RedisSubmission] = []
        var threadSleeps = false
        var closing = false
        var availability = Availability.connecting
        var load = 0
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let contents = Mutex(Contents())
    package let signal: WakeSignal

    package init() throws(CoordinationError) { signal = try WakeSignal() }

    // MARK: Callers

    /// Commands handed in and not answered yet, and a rank: 0 ready, 1 connecting, 2 down or closed.
    var standing: (rank: Int, load: Int) {
        contents.withLock { contents in
            switch contents.availability {
            case .ready: (0, contents.load)
            case .connecting: (1, contents.load)
            case .down, .closed: (2, 0)
            }
        }
    }

    /// Hands a submission to the thread, or answers its caller at once when that is hopeless.
    package func submit(_ submission: RedisSubmission) {
        let (refusal, wake): (CoordinationError?, Bool) = contents.withLock { contents in
            if contents.closing { return (.clientClosed, false) }
            if case .down(let error) = contents.availability { return (error, false) }
            contents.waiting.append(submission)
            contents.load += submission.replyCount
            defer { contents.threadSleeps = false }
            return (nil, contents.threadSleeps)
        }
        if let refusal { submission.caller.resume(returning: .failure(refusal)) }
        if wake { signal.wake() }
    }

    /// Takes nothing more and returns when the thread has ended.
    func close() async {
        await withCheckedContinuation { closer in
            let ended = contents.withLock { contents in
                contents.closing = true
                if case .closed = contents.availability { return true }
                contents.closers.append(closer)
                return false
            }
            if ended { closer.resume() } else { signal.wake() }
        }
    }

    // MARK: The thread

    /// True once somebody asked to close.
    var isClosing: Bool { contents.withLock { $0.closing } }

    /// Everything that callers have handed in. The next submission wakes the thread, whatever it does with these: when
    /// all of them came too late, nothing is sent and no answer will.
    package func take() -> (submissions: [RedisSubmission], closing: Bool) {
        contents.withLock { contents in
            contents.threadSleeps = true
            let taken = contents.waiting
            contents.waiting = []
            return (taken, contents.closing)
        }
    }

    /// Puts back what was taken and not sent, before all else.
    func putBack(_ submissions: [RedisSubmission]) {
        contents.withLock { $0.waiting.insert(contentsOf: submissions, at: 0) }
    }

    /// Takes out the submissions whose deadline has passed.
    /// - Returns: those, and the earliest deadline among the rest.
    func expire(at now: Int64) -> (expired: [RedisSubmission], nextDeadline: Int64) {
        contents.withLock { contents in
            // While the thread waits for a connection each newcomer must wake it: its deadline counts.
            contents.threadSleeps = true
            let expired = contents.waiting.filter { $0.deadline <= now }
            if !expired.isEmpty { contents.waiting.removeAll { $0.deadline <= now } }
            return (expired, contents.waiting.lazy.map(\.deadline).min() ?? .max)
        }
    }

    /// Sets the availability; when that is `down`, takes out everything that waits.
    func set(_ availability: Availability) -> [RedisSubmission] {
        contents.withLock { contents in
            contents.availability = availability
            guard case .down = availability else { return [] }
            defer { contents.waiting = [] }
            return contents.waiting
        }
    }

    /// Answers callers, and takes their commands off the load.
    package func answer(_ submissions: [RedisSubmission], _ error: CoordinationError) {
        guard !submissions.isEmpty else { return }
        release(submissions.reduce(0) { $0 + $1.replyCount })
        for submission in submissions { submission.caller.resume(returning: .failure(error)) }
    }

    /// Takes answered commands off the load.
    func release(_ count: Int) { contents.withLock { $0.load -= count } }

    /// The thread's last word.
    func end() {
        let (waiting, closers) = contents.withLock { contents in
            contents.availability = .closed
            contents.closing = true
            defer { (contents.waiting, contents.closers) = ([], []) }
            return (contents.waiting, contents.closers)
        }
        answer(waiting, .clientClosed)
        for closer in closers { closer.resume() }
    }
}

extension CoordinationError {
    static let clientClosed = CoordinationError(.closed, "The Redis client is closed.")
}
