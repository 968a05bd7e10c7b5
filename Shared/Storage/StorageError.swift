/// The one error of this module.
///
/// Neither `message` nor the description ever holds a parameter's value or a password: an error may be
/// logged and shown as it is.
public struct StorageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, in terms that a caller can act upon.
    public enum Code: Sendable, Hashable {
        /// The connection broke before the transaction's COMMIT was sent: nothing was changed.
        case connectionLost
        /// No connection could be opened: the server is down, starting, or refuses this user.
        case unavailable
        /// The connection broke after COMMIT was sent: the change may or may not be there.
        case commitUnknown
        /// Two transactions could not be put in an order (SQLSTATE 40001).
        case serializationFailure
        /// Two transactions waited for each other and this one was chosen to end (SQLSTATE 40P01).
        case deadlock
        /// A lock was not granted within the connection's `lock_timeout` (SQLSTATE 55P03).
        case lockTimeout
        /// A statement took longer than its time limit (SQLSTATE 57014).
        case statementTimeout
        /// A row with this key exists already.
        case uniqueViolation(constraint: String)
        /// A referenced row is missing, or a row is still referenced.
        case foreignKeyViolation(constraint: String)
        /// A CHECK or exclusion constraint refuses the row.
        case checkViolation(constraint: String)
        /// A required column is NULL.
        case notNullViolation(column: String)
        /// The role may not do this, or row-level security refuses the row.
        case insufficientPrivilege
        /// PostgreSQL cannot take a value: out of range, malformed, or text with U+0000 (class 22).
        case invalidValue
        /// A newer term of the lease exists; this holder must step down.
        case staleTerm
        /// A prepared statement no longer fits the tables, which have changed under it.
        case stalePlan
        /// The server has run out of disk, memory or connections (class 53).
        case outOfResources
        /// Too many callers wait for a connection, or none became free in time.
        case poolExhausted
        /// The pool has been closed.
        case poolClosed
        /// The transaction is over; its value was used after its closure, or after `commit`.
        case transactionEnded
        /// A cell holds NULL or another type than was asked for.
        case unexpectedType
        /// The address of the database cannot be read.
        case invalidURL
        /// The database was migrated by a newer version of this program, or differently.
        case schemaMismatch
        /// Anything else; see `sqlState` and `message`.
        case other
    }

    /// What went wrong.
    public let code: Code
    /// PostgreSQL's five-character error code, when the server reported the error.
    public let sqlState: String?
    /// What happened and what to do, without any values.
    public let message: String
    /// Which statement of the caller's pipeline failed, counted from 0.
    public let statement: Int?

    /// Creates an error; `message` must not hold values.
    public init(_ code: Code, _ message: String, sqlState: String? = nil, statement: Int? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.statement = statement
    }

    /// Whether running the whole transaction again may succeed and cannot do anything twice.
    public var isRetryable: Bool {
        switch code {
        case .connectionLost, .unavailable, .serializationFailure, .deadlock, .lockTimeout, .stalePlan: true
        default: false
        }
    }

    /// Whether the server, or the way to it, is what failed, so that waiting for it makes sense.
    public var isConnectivity: Bool {
        code == .connectionLost || code == .unavailable
    }

    /// The code, the message, the SQLSTATE and the statement's place.
    public var description: String {
        var text = "\(code): \(message)"
        if let sqlState { text += " [SQLSTATE \(sqlState)]" }
        if let statement { text += " (statement \(statement))" }
        return text
    }

    /// The same error, placed at a statement of the caller's pipeline.
    func at(statement: Int?) -> StorageError {
        StorageError(code, message, sqlState: sqlState, statement: statement)
    }
}
