extension PostgresPool {
    /// Runs a closure in a transaction and commits it; rolls back when the closure throws.
    ///
    /// The closure runs again, in a new transaction, when the error allows it (`StorageError.isRetryable`): up to
    /// `retries` times for conflicts, and for `recoveryTime` while the server is away. So it must have no other
    /// effect than the database's. A connection lost during COMMIT surfaces as `.commitUnknown`, unless the
    /// closure is `idempotent`: then it runs again.
    /// - Parameters:
    ///   - tenant: sets `millrace.tenant` for this transaction, for row-level security. Without it the setting is
    ///     NULL or empty, so policies read `nullif(current_setting('millrace.tenant', true), '')::int`.
    ///   - fence: makes the transaction fail with `.staleTerm` when a newer term of the lease exists.
    ///   - timeLimit: of each statement, instead of the pool's `statementTimeout`.
    public func transaction<T: Sendable>(
        tenant: Int32? = nil, isolation: TransactionIsolation = .readCommitted, readOnly: Bool = false,
        fence: TermFence? = nil, retries: Int = 3, timeLimit: Duration? = nil, idempotent: Bool = false,
        _ body: @Sendable (Transaction) async throws -> T
    ) async throws -> T {
        let options = TransactionOptions(
            tenant: tenant, isolation: isolation, readOnly: readOnly, fence: fence, timeLimit: timeLimit)
        var retry = Retry(limit: retries, recoveryTime: settings.recoveryTime, idempotent: idempotent)
        while true {
            let connection = try await acquire()
            let transaction = Transaction(connection: connection, options: options)
            do {
                let value = try await body(transaction)
                try await transaction.finish()
                release(connection)
                return value
            } catch {
                await transaction.abandon()
                release(connection)
                // What the statement said counts, also when the closure threw something else because of it.
                guard let cause = transaction.failure ?? (error as? StorageError), let pause = retry.pause(after: cause)
                else { throw error }
                logger.debug("transaction runs again", metadata: ["cause": "\(cause)"])
                try await Task.sleep(for: pause)
            }
        }
    }

    /// Runs statements in a transaction of their own, with BEGIN and COMMIT in the same single round trip.
    ///
    /// Retried as `transaction` is. A batch of SELECTs counts as idempotent unless said otherwise.
    public func batch(
        tenant: Int32? = nil, fence: TermFence? = nil, retries: Int = 3, timeLimit: Duration? = nil,
        idempotent: Bool? = nil, _ statements: [SQLStatement]
    ) async throws(StorageError) -> [SQLResult] {
        let options = TransactionOptions(tenant: tenant, fence: fence, timeLimit: timeLimit)
        return try await repeating(statements, retries: retries, idempotent: idempotent) {
            (connection) throws(StorageError) in
            try await connection.run(
                statements, options.caller(TransactionOptions.nextID(), options.opening), ending: .commit)
        }
    }

    /// Runs statements in a transaction of their own; the same as the other `batch`.
    public func batch(_ statements: [SQLStatement], idempotent: Bool? = nil) async throws(StorageError) -> [SQLResult] {
        try await batch(tenant: nil, idempotent: idempotent, statements)
    }

    /// Runs one statement, for a tenant when given.
    ///
    /// Retried as `transaction` is. A SELECT counts as idempotent unless said otherwise.
    public func query(
        _ sql: String, _ parameters: [SQLValue] = [], tenant: Int32? = nil, idempotent: Bool? = nil
    ) async throws(StorageError) -> SQLResult {
        let statements = [SQLStatement(sql, parameters)]
        if tenant != nil {
            return try await batch(tenant: tenant, idempotent: idempotent, statements)[0]
        }
        let results = try await repeating(statements, retries: 3, idempotent: idempotent) {
            (connection) throws(StorageError) in
            try await connection.run(statements, TransactionOptions().caller(0, []), ending: .single)
        }
        return results[0]
    }

    private func repeating(
        _ statements: [SQLStatement], retries: Int, idempotent: Bool?,
        _ body: (PostgresConnection) async throws(StorageError) -> [SQLResult]
    ) async throws(StorageError) -> [SQLResult] {
        var retry = Retry(
            limit: retries, recoveryTime: settings.recoveryTime,
            idempotent: idempotent ?? statements.allSatisfy(\.isRead))
        while true {
            let connection = try await acquire()
            let failure: StorageError
            do {
                let results = try await body(connection)
                release(connection)
                return results
            } catch {
                release(connection)
                failure = error
            }
            guard let pause = retry.pause(after: failure) else { throw failure }
            do { try await Task.sleep(for: pause) } catch { throw failure }
        }
    }
}
