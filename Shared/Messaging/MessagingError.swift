/// Everything that `Messaging` throws: what went wrong, whether trying again can help, and what to do about it.
public struct MessagingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A setting is unknown, contradictory or belongs to this module.
        case configuration
        /// No broker answered.
        case unreachable
        /// The delivery time ran out. The message may or may not have been stored.
        case timedOut
        /// A message is larger than the broker or the topic takes.
        case messageTooLarge
        /// The topic is not there and could not be created.
        case unknownTopic
        /// The broker refuses this client.
        case notAuthorized
        /// The offset asked for is not in the log (expired, or the broker forgot).
        case offsetOutOfRange
        /// The log under the reader was replaced by another: the last message read is no longer at its offset.
        case logReplaced
        /// The producer, consumer or reader has been closed.
        case closed
        /// A topic could not be created.
        case topicRefused
        /// `run` was called a second time.
        case alreadyRunning
        /// Any other refusal by the broker or the client library; the cause names it.
        case refused
    }

    /// What went wrong.
    public var code: Code
    /// What went wrong and what to do, without any message content.
    public var message: String
    /// True when the same call may succeed later without anybody changing anything.
    public var isRetryable: Bool
    /// The client library's own name of the error, for the log.
    public var cause: String?
    /// After a batch send: the indices of the messages that were not confirmed. All others were delivered.
    public var undelivered: [Int]

    /// Creates an error.
    public init(
        _ code: Code, _ message: String, isRetryable: Bool = false, cause: String? = nil, undelivered: [Int] = []
    ) {
        self.code = code
        self.message = message
        self.isRetryable = isRetryable
        self.cause = cause
        self.undelivered = undelivered
    }

    /// Code, message and cause in one line.
    public var description: String {
        var text = "\(code.rawValue): \(message)"
        if let cause { text += " (\(cause))" }
        if !undelivered.isEmpty { text += ", \(undelivered.count) messages not confirmed" }
        return text
    }
}
