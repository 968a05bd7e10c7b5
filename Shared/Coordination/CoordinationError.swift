import Threads

/// What went wrong between Millrace and Redis, or with a lease.
///
/// The description never holds keys, arguments or passwords.
public struct CoordinationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable {
        /// There is no connection and none could be made. Nothing was sent.
        case unavailable
        /// No answer came within the time allowed.
        case timedOut
        /// The connection broke after (part of) the commands were sent.
        case connectionLost
        /// Redis answered with an error.
        case refused
        /// Redis answered with something that does not fit the command.
        case unexpectedReply
        /// The address or another setting makes no sense.
        case invalidConfiguration
        /// The client was closed.
        case closed
        /// The lease is no longer held, or can no longer be trusted.
        case leaseLost
    }

    /// The kind of failure.
    public let code: Code
    /// True when Redis may have executed (some of) the commands although no answer arrived.
    /// False means: certainly nothing happened.
    public let mayHaveHappened: Bool
    /// What happened and what can be done about it.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, mayHaveHappened: Bool = false, _ message: String) {
        self.code = code
        self.mayHaveHappened = mayHaveHappened
        self.message = message
    }

    /// True when the same call may succeed later. Look at ``mayHaveHappened`` before repeating a
    /// command that is not idempotent.
    public var isRetryable: Bool {
        switch code {
        case .unavailable, .timedOut, .connectionLost: true
        case .refused: Self.passingRefusals.contains { message.hasPrefix($0) }
        case .unexpectedReply, .invalidConfiguration, .closed, .leaseLost: false
        }
    }

    /// `code: message`, for logs.
    public var description: String {
        "\(code.rawValue): \(message)" + (mayHaveHappened ? " (may have happened)" : "")
    }

    /// Error replies that go away by themselves.
    private static let passingRefusals = [
        "LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "OOM",
    ]
}

extension OwnedThread {
    /// As `start`, with this module's error.
    static func begin(_ body: @escaping @Sendable () -> Void) throws(CoordinationError) {
        do throws(ThreadRefused) { try start(body) } catch { throw CoordinationError(.unavailable, "\(error)") }
    }
}
