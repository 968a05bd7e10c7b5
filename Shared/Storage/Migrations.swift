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
    /// Any number of processes may call this at once: a lock of the transaction lets one work while the others
    /// wait. Throws `.schemaMismatch` when the database has a step that this program does not know, or the same
    /// step with another text.
    public func apply(on pool: PostgresPool, timeLimit: Duration = .seconds(3600)) async throws -> [Int32] {
        var applied: [Int32] = []
        while let version = try await applyNext(on: pool, timeLimit: timeLimit) {
            applied.append(version)
        }
        return applied
    }

    /// Throws `.schemaMismatch` unless the database has exactly these steps; changes nothing.
    public func check(on pool: PostgresPool) async throws {
        let present = try await pool.query("SELECT to_regclass('schema_migration') IS NOT NULL")[0][0].bool
        let rows = present ? try await pool.query(Self.history) : nil
        if let next = try nextStep(after: rows) {
            throw StorageError(.schemaMismatch, "migration \(next.version) has not been applied; run the migrations")
        }
    }

    private static let history = "SELECT version, checksum = md5(sql), sql FROM schema_migration ORDER BY version"

    private func applyNext(on pool: PostgresPool, timeLimit: Duration) async throws -> Int32? {
        try await pool.transaction(retries: 10, timeLimit: timeLimit) { transaction in
            _ = try await transaction.pipeline([
                SQLStatement("SELECT set_config('lock_timeout', '60s', true)"),
                SQLStatement("SELECT set_config('client_min_messages', 'warning', true)"),
                // "millrace" as a number; the schema's name keeps databases' schemas apart
                SQLStatement("SELECT pg_advisory_xact_lock(1835625586, hashtext(current_schema()))"),
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
            guard let next = try nextStep(after: rows) else { return nil }
            try await transaction.script(next.sql)
            _ = try await transaction.commit(with: [
                SQLStatement(
                    "INSERT INTO schema_migration (version, name, sql, checksum) VALUES ($1, $2, $3, md5($3))",
                    [.int4(next.version), .text(next.name), .text(next.sql)])
            ])
            return next.version
        }
    }

    /// The first step that the database lacks; what it has must be a beginning of the list.
    private func nextStep(after rows: SQLResult?) throws(StorageError) -> Migration? {
        var known = steps.makeIterator()
        for row in rows.map(Array.init) ?? [] {
            let version = try row[0].int32
            guard let step = known.next(), step.version == version else {
                throw StorageError(
                    .schemaMismatch, "the database has migration \(version), which this program lacks; run a newer one")
            }
            guard try row[2].text == step.sql else {
                throw StorageError(
                    .schemaMismatch, "migration \(version) was applied with another text; restore it and add a new one")
            }
        }
        return known.next()
    }
}
