import CLibPQ

/// The fields of a server's message (`PG_DIAG_…`, which Swift does not import).
enum Diagnostic {
    /// Severity in English, whatever the server's language.
    static let severity = Int32(UInt8(ascii: "V"))
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let message = Int32(UInt8(ascii: "M"))
    static let column = Int32(UInt8(ascii: "c"))
    static let constraint = Int32(UInt8(ascii: "n"))
}

func diagnostic(_ result: OpaquePointer, _ field: Int32) -> String? {
    PQresultErrorField(result, field).map { String(cString: $0) }
}

extension StorageError {
    /// The error that a result describes. The detail, hint and context are left out: they hold values.
    init(result: OpaquePointer, sql: String?) {
        let state = diagnostic(result, Diagnostic.sqlState)
        guard let state else {
            let line = String(cString: PQresultErrorMessage(result)).split(separator: "\n").first ?? ""
            self.init(.connectionLost, "the connection to PostgreSQL was lost: \(line)")
            return
        }
        let message = diagnostic(result, Diagnostic.message) ?? ""
        let code = Code(
            sqlState: state, message: message, constraint: diagnostic(result, Diagnostic.constraint) ?? "",
            column: diagnostic(result, Diagnostic.column) ?? "")
        self.init(code, Redaction.message(message, sqlState: state, sql: sql ?? ""), sqlState: state)
    }
}

extension StorageError.Code {
    /// Appendix A of PostgreSQL's manual.
    init(sqlState: String, message: String, constraint: String, column: String) {
        switch sqlState {
        case "40001": self = .serializationFailure
        case "40P01": self = .deadlock
        case "55P03": self = .lockTimeout
        case "57014": self = .statementTimeout
        case "23505": self = .uniqueViolation(constraint: constraint)
        case "23503": self = .foreignKeyViolation(constraint: constraint)
        case "23514", "23P01": self = .checkViolation(constraint: constraint)
        case "23502": self = .notNullViolation(column: column)
        case "42501": self = .insufficientPrivilege
        case TermFence.sqlState: self = .staleTerm
        // "cached plan must not change result type", and a statement that somebody deallocated
        case "0A000" where message.hasPrefix("cached plan"), "26000": self = .stalePlan
        case "57P01", "57P02", "57P03", "57P05", "25P03": self = .connectionLost
        default:
            switch sqlState.prefix(2) {
            case "08": self = .connectionLost
            case "22": self = .invalidValue
            case "53": self = .outOfResources
            default: self = .other
            }
        }
    }
}
