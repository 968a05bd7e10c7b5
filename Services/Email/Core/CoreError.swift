/// What went wrong between this service and core.
struct CoreError: Error, Sendable, CustomStringConvertible {
    enum Code: String, Sendable {
        /// No instance of core answers.
        case unreachable
        /// Core says that it cannot answer now.
        case busy
        /// Another instance holds the mailbox.
        case staleTerm
        /// Core does not take what was sent, and never will.
        case refused
    }

    let code: Code
    /// HTTP status; 0 without an answer.
    let status: Int
    let description: String

    var canRetry: Bool { code == .unreachable || code == .busy }
}
