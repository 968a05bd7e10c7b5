import Logging

/// One connection to PostgreSQL, on a thread of its own.
///
/// It opens itself when it is first used, and again when it was found dead before a transaction began.
actor PostgresConnection {
    /// What comes after the statements of a call.
    enum Ending: Sendable { case stayOpen, commit, single }

    /// What belongs to the transaction that makes a call.
    struct Caller: Sendable {
        /// Which transaction it is; a call that comes after its end is told apart by this.
        var transaction: UInt64
        /// Sent in front; empty once the transaction has begun.
        var opening: [SQLStatement]
        var timeLimit: Duration?
    }

    private let thread: ConnectionThread
    private let address: PostgresAddress
    private let settings: PostgresSettings
    private let logger: Logger
    private var session: Session?
    private var transaction: UInt64 = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(address: PostgresAddress, settings: PostgresSettings, logger: Logger) {
        self.address = address
        self.settings = settings
        self.logger = logger
        thread = ConnectionThread()
        thread.start()
    }

    deinit { thread.stop() }

    /// Runs statements in one round trip. On failure the transaction is rolled back before this returns.
    func run(
        _ statements: [SQLStatement], _ caller: Caller, ending: Ending
    ) throws(StorageError) -> [SQLResult] {
        let session = try prepare(for: caller, single: ending == .single)
        let all = caller.opening + statements + (ending == .commit ? [TransactionOptions.commit] : [])
        do throws(Session.Failure) {
            var results = try session.pipeline(all)
            if ending == .commit {
                transaction = 0
                try confirmCommit(results.removeLast())
            }
            results.removeFirst(caller.opening.count)
            return results
        } catch {
            throw settle(error, after: ending, opening: caller.opening.count, own: statements.count)
        }
    }

    /// Copies rows into a table within a transaction.
    func copy(into target: String, rows: BinaryRows, _ caller: Caller) throws(StorageError) -> Int {
        try inTransaction(caller) { (session) throws(Session.Failure) in try session.copy(into: target, rows: rows) }
    }

    /// Runs a text of several statements within a transaction.
    func script(_ sql: String, _ caller: Caller) throws(StorageError) {
        try inTransaction(caller) { (session) throws(Session.Failure) in try session.script(sql) }
    }

    /// Rolls back the given transaction if it is open.
    func rollback(_ id: UInt64) {
        if transaction == id { endTransaction() }
    }

    /// Closes the connection if the server has closed its side.
    func check() {
        if session?.isAlive == false { session = nil }
    }

    func close() { session = nil }

    private func inTransaction<T>(
        _ caller: Caller, _ body: (Session) throws(Session.Failure) -> T
    ) throws(StorageError) -> T {
        let session = try prepare(for: caller, single: false)
        do throws(Session.Failure) {
            if !caller.opening.isEmpty { _ = try session.pipeline(caller.opening) }
            return try body(session)
        } catch {
            throw settle(error, after: .stayOpen, opening: caller.opening.count, own: 0)
        }
    }

    /// The session to use; opens one unless a transaction is under way.
    private func prepare(for caller: Caller, single: Bool) throws(StorageError) -> Session {
        let begins = single || !caller.opening.isEmpty
        if begins {
            // a transaction that was given up without an answer
            if transaction != 0 { endTransaction() }
            if session?.isAlive == false { session = nil }
            let ready: Session
            if let session {
                ready = session
            } else {
                ready = try Session(address: address, settings: settings, logger: logger)
                session = ready
            }
            ready.patience = (caller.timeLimit ?? settings.statementTimeout) + .seconds(10)
            transaction = single ? 0 : caller.transaction
            return ready
        }
        guard transaction == caller.transaction else {
            throw StorageError(.transactionEnded, "the transaction is over, or has not begun yet")
        }
        guard let session, session.isAlive else {
            transaction = 0
            self.session = nil
            throw StorageError(.connectionLost, "the connection was lost within the transaction")
        }
        return session
    }

    private func confirmCommit(_ result: SQLResult) throws(Session.Failure) {
        guard result.command == "COMMIT" else {
            throw .refused(StorageError(.other, "the server rolled back instead of committing"), operation: nil)
        }
    }

    /// Brings the connection into order after a failure, and says what the failure means to the caller.
    private func settle(
        _ failure: Session.Failure, after ending: Ending, opening: Int, own: Int
    ) -> StorageError {
        switch failure {
        case .lost(let error, let wasSent):
            session = nil
            transaction = 0
            guard wasSent, ending != .stayOpen, error.sqlState != "25P03" else { return error }
            return StorageError(
                .commitUnknown, "the connection was lost during the commit; look whether the change is there",
                sqlState: error.sqlState)
        case .refused(let error, let operation):
            if ending == .single { transaction = 0 } else { endTransaction() }
            let index = operation.map { $0 - opening }
            return error.at(statement: index.flatMap { $0 >= 0 && $0 < own ? $0 : nil })
        }
    }

    private func endTransaction() {
        transaction = 0
        guard let session, session.isInTransaction else { return }
        do {
            _ = try session.pipeline([TransactionOptions.rollback])
        } catch {
            self.session = nil
        }
    }
}
