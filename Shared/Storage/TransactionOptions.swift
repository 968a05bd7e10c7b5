import Synchronization

/// How strictly a transaction is kept apart from others (PostgreSQL's names).
public enum TransactionIsolation: Sendable {
    case readCommitted
    case repeatableRead
    case serializable
}

/// What a transaction begins with.
struct TransactionOptions: Sendable {
    var tenant: Int32?
    var isolation: TransactionIsolation = .readCommitted
    var readOnly = false
    var fence: TermFence?
    /// Replaces the connection's statement_timeout when given.
    var timeLimit: Duration?

    /// The statements that travel in front of the transaction's first ones.
    var opening: [SQLStatement] {
        var statements = [SQLStatement(begin)]
        if let tenant {
            statements.append(Self.setTenant(tenant))
        }
        if let timeLimit {
            let limit = SQLValue.text(String(timeLimit.wholeMilliseconds))
            statements.append(SQLStatement("SELECT set_config('statement_timeout', $1, true)", [limit]))
        }
        if let fence {
            statements.append(fence.statement)
        }
        return statements
    }

    static func setTenant(_ tenant: Int32) -> SQLStatement {
        SQLStatement("SELECT set_config('millrace.tenant', $1, true)", [.text(String(tenant))])
    }

    /// What a connection is told about a transaction with these options.
    func caller(_ id: UInt64, _ opening: [SQLStatement]) -> PostgresConnection.Caller {
        PostgresConnection.Caller(transaction: id, opening: opening, timeLimit: timeLimit)
    }

    private static let lastID = Atomic<UInt64>(0)

    /// Tells transactions of this process apart; never 0.
    static func nextID() -> UInt64 { lastID.add(1, ordering: .relaxed).newValue }

    static let commit = SQLStatement("COMMIT")
    static let rollback = SQLStatement("ROLLBACK")

    private var begin: String {
        switch (isolation, readOnly) {
        case (.readCommitted, false): "BEGIN"
        case (.readCommitted, true): "BEGIN READ ONLY"
        case (.repeatableRead, false): "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case (.repeatableRead, true): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case (.serializable, false): "BEGIN ISOLATION LEVEL SERIALIZABLE"
        case (.serializable, true): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
        }
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        let parts = components
        return parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
    }
}
