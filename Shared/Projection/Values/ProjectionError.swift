/// What went wrong in a projection.
public struct ProjectionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable {
        /// A message or an item of the feed is no event as the contract describes it.
        case malformedEvent
        /// The stored position is not the one before the first event: progress has to be read again.
        case progressMoved
        /// The feed's history is another one than what was applied (a restored database): rebuild.
        case historyReplaced
        /// The feed could not be read.
        case feedUnavailable
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what to do, without any values.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// `code: message`, for logs.
    public var description: String { "\(code.rawValue): \(message)" }
}
