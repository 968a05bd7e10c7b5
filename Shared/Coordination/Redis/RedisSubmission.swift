/// Commands that one caller sends together, and the caller who waits for their replies.
package struct RedisSubmission: Sendable {
    /// The commands in wire format; emptied when they are sent.
    var bytes: [UInt8]
    /// How many replies there will be.
    let replyCount: Int
    /// Monotonic nanoseconds.
    let deadline: Int64
    let caller: CheckedContinuation<Result<[RedisReply], CoordinationError>, Never>

    package init(
        bytes: [UInt8], replyCount: Int, deadline: Int64,
        caller: CheckedContinuation<Result<[RedisReply], CoordinationError>, Never>
    ) {
        self.bytes = bytes
        self.replyCount = replyCount
        self.deadline = deadline
        self.caller = caller
    }
}

/// Submissions that were sent, in order, and the replies that came for the first of them.
///
/// A caller whose deadline passes is answered at once; its place is kept, since its replies may
/// still arrive and must not be taken for those of the next.
struct RedisPipeline {
    private struct Sent {
        let submission: RedisSubmission
        var abandoned = false
    }

    private var sent: [Sent] = []
    private var head = 0
    private var replies: [RedisReply] = []
    /// No submission's deadline is earlier; may be too early by submissions that are gone.
    private(set) var nextDeadline = Int64.max

    var isEmpty: Bool { head == sent.count }

    /// True when the caller at the head has given up.
    var headIsAbandoned: Bool { !isEmpty && sent[head].abandoned }

    mutating func append(_ submission: RedisSubmission) {
        var submission = submission
        submission.bytes = []
        sent.append(Sent(submission: submission))
        nextDeadline = min(nextDeadline, submission.deadline)
    }

    /// Takes the next reply.
    /// - Returns: the submission that it completes with all its replies, nil when more are to come or
    ///   nobody waits for them any more; `unexpected` when nothing was asked.
    mutating func receive(_ reply: RedisReply) throws(CoordinationError) -> (RedisSubmission, [RedisReply])? {
        guard !isEmpty else {
            throw CoordinationError(.connectionLost, "Redis sent a reply that nobody asked for.")
        }
        let first = sent[head]
        if replies.isEmpty { replies.reserveCapacity(first.submission.replyCount) }
        replies.append(reply)
        guard replies.count == first.submission.replyCount else { return nil }
        let complete = replies
        replies = []
        dropHead()
        return first.abandoned ? nil : (first.submission, complete)
    }

    /// The submissions whose deadline has passed; each is returned once.
    mutating func expire(at now: Int64) -> [RedisSubmission] {
        guard now >= nextDeadline else { return [] }
        var expired: [RedisSubmission] = []
        nextDeadline = .max
        for index in head..<sent.count where !sent[index].abandoned {
            if sent[index].submission.deadline <= now {
                sent[index].abandoned = true
                expired.append(sent[index].submission)
            } else {
                nextDeadline = min(nextDeadline, sent[index].submission.deadline)
            }
        }
        return expired
    }

    /// Empties the pipeline, as its connection is gone.
    /// - Returns: the submissions whose callers still wait.
    mutating func removeAll() -> [RedisSubmission] {
        let waiting = sent[head...].filter { !$0.abandoned }.map(\.submission)
        self = RedisPipeline()
        return waiting
    }

    private mutating func dropHead() {
        head += 1
        if head == sent.count {
            sent.removeAll(keepingCapacity: sent.capacity <= 4096)
            head = 0
            nextDeadline = .max
        } else if head >= 1024 {
            sent.removeFirst(head)
            head = 0
        }
    }
}
