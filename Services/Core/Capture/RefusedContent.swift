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
}
