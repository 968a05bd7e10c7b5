/// What went wrong between Millrace and a search server.
public struct SearchIndexError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable {
        /// It does not answer.
        case unreachable
        /// It takes too long.
        case timedOut
        /// It answers that it cannot now: 429, 5xx.
        case busy
        /// There is no such index or document.
        case notFound
        /// What is there is newer, or another one has written meanwhile.
        case conflict
        /// What it has is older than it should be.
        case behind
        /// It refuses, and will again: credentials, content, an address that is not allowed.
        case refused
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what to do, without content of items.
    public let description: String

    /// Makes an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Whether the same may succeed later.
    public var isRetryable: Bool { code == .unreachable || code == .timedOut || code == .busy }
}
