/// What went wrong between Millrace and a mail server.
///
/// The text says what happened and what can be done about it. It never holds passwords or tokens.
public struct EmailAccessError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A host name, folder or other setting makes no sense.
        case invalidConfiguration
        /// The address guard does not admit the server.
        case addressRefused
        /// No connection could be made.
        case unreachable
        /// The server was too slow: no progress within the bound.
        case timedOut
        /// TLS is not offered, or the two sides cannot agree on it.
        case tlsFailed
        /// The server's certificate is not one that is trusted for its name.
        case wrongCertificate
        /// User, password or token are refused.
        case credentialsRefused
        /// The server says that it cannot serve now.
        case temporarilyRefused
        /// The server refuses this command.
        case refused
        /// The mailbox or its quota is full.
        case mailboxFull
        /// The connection broke, or the server ended it.
        case connectionLost
        /// The server said something that the protocol does not allow.
        case protocolViolation
        /// Something of ours is larger than the server takes.
        case tooLarge
        /// A file of ours cannot be read or written.
        case localFile
        /// The session was closed, or its task was cancelled.
        case closed
    }

    /// The kind of failure.
    public let code: Code
    /// What happened and what can be done about it, without secrets.
    public let text: String

    /// Makes an error.
    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    /// Whether the same may succeed later without anybody changing a setting.
    public var canRetry: Bool {
        switch code {
        case .unreachable, .timedOut, .temporarilyRefused, .mailboxFull, .connectionLost, .localFile: true
        case .invalidConfiguration, .addressRefused, .tlsFailed, .wrongCertificate, .credentialsRefused, .refused,
            .protocolViolation, .tooLarge, .closed:
            false
        }
    }

    /// `code: text`, for logs.
    public var description: String { "\(code.rawValue): \(text)" }
}
