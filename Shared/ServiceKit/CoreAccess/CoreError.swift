/// What went wrong between this service and core.
package struct CoreError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No instance of core answers.
        case unreachable
        /// Core says that it cannot answer now.
        case busy
        /// Another instance holds the lease.
        case staleTerm
        /// Core does not take what was sent, and never will.
        case refused
    }

    /// The kind of failure.
    package let code: Code
    /// HTTP status; 0 without an answer.
    package let status: Int
    /// What core said, for people.
    package let description: String

    /// Whether the same call may succeed later.
    package var canRetry: Bool { code == .unreachable || code == .busy }

    package init(code: Code, status: Int, description: String) {
        self.code = code
        self.status = status
        self.description = description
    }
}
