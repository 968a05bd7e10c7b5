/// One step of a database's schema.
public struct Migration: Sendable, Hashable {
    /// Its place in the order; versions rise and are never used again.
    public let version: Int32
    /// What it does, in a few words.
    public let name: String
    /// Any number of statements, which may not hold BEGIN or COMMIT.
    public let sql: String

    /// A step; once released, its text must not change.
    public init(version: Int32, name: String, sql: String) {
        self.version = version
        self.name = name
        self.sql = sql
    }
}

/// The ordered steps of a database's schema, recorded in the table `schema_migration`.
public struct Migrations: Sendable {
    /// The steps, by rising version.
    public let steps: [Migration]

    /// Throws `.schemaMismatch` unless the versions rise.
    public init(_ steps: [Migration]) throws(StorageError) {
        for (earlier, later) in zip(steps, steps.dropFirst()) where earlier.version >= later.version {
            throw StorageError(.schemaMismatch, "migration \(later.version) must come before \(earlier.version)")
        }
        self.steps = steps
    }

    /// Applies the missing steps, each in a transaction of its own, and returns their versions.
    ///
    /// Any number of processes may call this at once, and others may work with the tables: a lock of the transaction lets
    /// one apply a step while the others wait. A step that needs a table which somebody holds for long, such as a backup,
    /// waits for it in small portions, since whoever comes for the table meanwhile stands behind it.
    ///
    /// Throws `.schemaMismatch` when the database has a step that this program does not know, or the same step with
    /// another text, and `.lockTimeout` when a table could not be had for the whole `timeLimit`.
    /// - Parameter timeLimit: of each step's waiting, and of each of its statements.
    public func apply(on pool: PostgresPool, timeLimit: Duration = .seconds(3600)) async throws -> [Int32] {
        var applied: [Int32] = []
        while let version = try await applyNext(on: pool, timeLimit: timeLimit) {
            applied.append(version)
        }
        return applied
    }

    /// Throws `.schemaMismatch` unless the database has all these steps; changes nothing.
    ///
    /// It may have more: when a service is replaced one instance at a time, the newer version's steps come first, and
    /// those that have not been replaced yet go on. So a step leaves what the version before it needs.
    /// - Returns: versions of a newer program, oldest first.
    public func check(on pool: PostgresPool) async throws -> [Int32] {
        let present = try await pool.query("SELECT to_regclass('schema_migration') IS NOT NULL")[0][0].bool
        let found = try compare(present ? try await pool.query(Self.history) : nil)
        if let next = found.next {
            throw StorageError(.schemaMismatch, "migration \(next.version) has not been applied; run the migrations")
        }
        return found.newer
    }

    private static let history = "SELECT version, checksum = md5(sql), sql FROM schema_migration ORDER BY version"

    /// So long at a time those who want a table wait behind a step that waits for it…
    private static let lockWait = "1s"
    /// …and so long they can work before the step tries again.
    private static let lockPause = Duration.seconds(2)
    private static let losses = 10

    private func applyNext(on pool: PostgresPool, timeLimit: Duration) async throws -> Int32? {
        let end = ContinuousClock.now + timeLimit
        var lost = 0
        while true {
            do {
                return try await attemptNext(on: pool, timeLimit: timeLimit)
            } catch {
                guard let cause = error as? StorageError, cause.isRetryable, .now < end else { throw error }
                if cause.isConnectivity { lost += 1 }
                guard lost < Self.losses else { throw error }
                pool.logger.notice("a migration tries again", metadata: ["cause": "\(cause)"])
            }
            try await Task.sleep(for: Self.lockPause)
        }
    }

    private func attemptNext(on pool: PostgresPool, timeLimit: Duration) async throws -> Int32? {
        try await pool.transaction(retries: 0, timeLimit: timeLimit) { transaction in
            _ = try await transaction.pipeline([
                SQLStatement("SELECT set_config('client_min_messages', 'warning', true)"),
                // Whoever applies a step has all the time that it takes: nobody else stands behind this one.
                SQLStatement("SELECT set_config('lock_timeout', '0', true)"),
                // "millrace" as a number; the schema's name keeps databases' schemas apart
                SQLStatement("SELECT pg_advisory_xact_lock(1835625586, hashtext(current_schema()))"),
                SQLStatement("SELECT set_config('lock_timeout', '\(Self.lockWait)', true)"),
                SQLStatement(
                    """
                    CREATE TABLE IF NOT EXISTS schema_migration (
                        version int PRIMARY KEY,
                        name text NOT NULL,
                        sql text NOT NULL,
                        checksum text NOT NULL,
                        applied_at timestamptz NOT NULL DEFAULT now())
                    """),
            ])
            let rows = try await transaction.query(Self.history)
            let found = try compare(rows)
            if let newer = found.newer.first { throw Self.lacks(newer) }
            guard let next = found.next else { return nil }
            try await transaction.script(next.sql)
            _ = try await transaction.commit(with: [
                SQLStatement(
                    "INSERT INTO schema_migration (version, name, sql, checksum) VALUES ($1, $2, $3, md5($3))",
                    [.int4(next.version), .text(next.name), .text(next.sql)])
            ])
            return next.version
        }
    }

    /// The first step that the database lacks, and versions that it has beyond these steps. Throws `.schemaMismatch` where
    /// one in between differs.
    private func compare(_ rows: SQLResult?) throws(StorageError) -> (next: Migration?, newer: [Int32]) {
        var known = steps.makeIterator()
        var newer: [Int32] = []
        for row in rows.map(Array.init) ?? [] {
            let version = try row[0].int32
            guard let step = known.next() else {
                newer.append(version)
                continue
            }
            guard step.version == version else { throw Self.lacks(version) }
            guard try row[2].text == step.sql else {
                throw StorageError(
                    .schemaMismatch, "migration \(version) was applied with another text; restore it and add a new one")
            }
        }
        return (known.next(), newer)
    }

    private static func lacks(_ version: Int32) -> StorageError {
        StorageError(
            .schemaMismatch, "the database has migration \(version), which this program lacks; run a newer one")
    }
}
