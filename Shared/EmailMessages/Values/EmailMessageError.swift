/// The one error of this module; its text holds nothing of a message's content.
public struct EmailMessageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable {
        /// The file cannot be read, or the folder cannot be written to.
        case file
        /// The bytes cannot be taken as a message.
        case unreadable
        /// A value of an outgoing message cannot be written into one.
        case invalidValue
        /// The threads have been stopped.
        case stopped
    }

    /// What went wrong.
    public let code: Code
    /// What happened and what to do.
    public let message: String

    /// An error; `message` must not quote a message's content.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether doing the same again may succeed: a full disk may have been emptied.
    public var isRetryable: Bool { code == .file || code == .stopped }

    /// The message with its code.
    public var description: String { "\(code.rawValue): \(message)" }
}
