import Synchronization

/// An open transaction, valid inside the closure that it is given to.
///
/// BEGIN, the tenant and the fence travel with the first statements, so a transaction costs one round trip per
/// call, and one for COMMIT unless `commit(with:)` sends it along with the last statements. After a failed
/// statement the transaction is rolled back; later calls repeat the error.
public final class Transaction: Sendable {
    enum Phase {
        /// Nothing has been sent.
        case pending
        case open
        /// A statement failed; the server has rolled back.
        case failed(StorageError)
        case committed
        case rolledBack
    }

    private let connection: PostgresConnection
    private let options: TransactionOptions
    private let id = TransactionOptions.nextID()
    private let phase = Mutex(Phase.pending)

    init(connection: PostgresConnection, options: TransactionOptions) {
        self.connection = connection
        self.options = options
    }

    /// Runs one statement.
    public func query(_ sql: String, _ parameters: [SQLValue] = []) async throws(StorageError) -> SQLResult {
        try await query(SQLStatement(sql, parameters))
    }

    /// Runs one statement.
    public func query(_ statement: SQLStatement) async throws(StorageError) -> SQLResult {
        try await pipeline([statement])[0]
    }

    /// Runs statements in one round trip; returns one result for each, in order.
    ///
    /// The first that fails ends the transaction; the error says which it was.
    public func pipeline(_ statements: [SQLStatement]) async throws(StorageError) -> [SQLResult] {
        if statements.isEmpty { return [] }
        return try await perform { (caller) throws(StorageError) in
            try await self.connection.run(statements, caller, ending: .stayOpen)
        }
    }

    /// Runs the last statements and COMMIT in one round trip; the transaction is over afterwards.
    public func commit(with statements: [SQLStatement] = []) async throws(StorageError) -> [SQLResult] {
        if statements.isEmpty, case .pending = phase.withLock({ $0 }), options.fence == nil {
            phase.withLock { $0 = .committed }
            return []
        }
        let results = try await perform { (caller) throws(StorageError) in
            try await self.connection.run(statements, caller, ending: .commit)
        }
        phase.withLock { $0 = .committed }
        return results
    }

    /// Copies rows into a table: `copy(into: "item (tenant, id)", rows)`. The target is part of the statement
    /// and must be a constant. Returns the number of rows.
    public func copy(into target: String, _ rows: BinaryRows) async throws(StorageError) -> Int {
        try await perform { (caller) throws(StorageError) in
            try await self.connection.copy(into: target, rows: rows, caller)
        }
    }

    /// Runs a text of several statements without parameters, as migrations need. No results.
    public func script(_ sql: String) async throws(StorageError) {
        try await perform { (caller) throws(StorageError) in
            try await self.connection.script(sql, caller)
        }
    }

    private func perform<T: Sendable>(
        _ body: (PostgresConnection.Caller) async throws(StorageError) -> T
    ) async throws(StorageError) -> T {
        let found = phase.withLock { phase in
            let found = phase
            // Taken at once, so that a statement of a sibling task does not begin a second time; should that one
            // reach the connection first, it is refused there.
            if case .pending = found { phase = .open }
            return found
        }
        let opening: [SQLStatement]
        switch found {
        case .pending: opening = options.opening
        case .open: opening = []
        case .failed(let error): throw error
        case .committed, .rolledBack:
            throw StorageError(.transactionEnded, "the transaction is over; begin another one")
        }
        do {
            return try await body(options.caller(id, opening))
        } catch {
            phase.withLock { $0 = .failed(error) }
            throw error
        }
    }

    /// The first failure of a statement, also when the closure has caught it.
    var failure: StorageError? {
        if case .failed(let error) = phase.withLock({ $0 }) { error } else { nil }
    }

    /// Commits unless that has happened; throws what failed although the closure returned.
    func finish() async throws(StorageError) {
        switch phase.withLock({ $0 }) {
        case .committed: return
        case .failed(let error): throw error
        case .pending, .open, .rolledBack: _ = try await commit()
        }
    }

    /// Rolls back unless the transaction is over.
    func abandon() async {
        if case .open = phase.withLock({ $0 }) { await connection.rollback(id) }
        phase.withLock { phase in
            switch phase {
            case .committed, .failed: break
            case .pending, .open, .rolledBack: phase = .rolledBack
            }
        }
    }
}
