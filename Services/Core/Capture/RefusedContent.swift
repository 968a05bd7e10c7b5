import Storage

extension StorageError {
    /// Whether PostgreSQL refused what was to be written, and so would refuse it again: a value, a constraint, a size
    /// limit, or a trigger's `RAISE`. Everything else says something about the server or about us, and passes or is mended.
    var isRefusalOfContent: Bool {
        switch code {
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .notNullViolation, .invalidValue: true
        // Program limit exceeded; raised in PL/pgSQL.
        default: sqlState.map { ["54", "P0"].contains($0.prefix(2)) } ?? false
        }
    }

    /// Why the database refuses a command or request, and what to do, without any values.
    func refusal(of what: String) -> String {
        let state = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        return "the database refuses what the \(what) would write: \(message)\(state); "
            + "change the \(what) and send it again, or retry it once the cause is mended"
    }
}
