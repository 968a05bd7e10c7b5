import Storage

/// Makes a mart's schemas and brings their tables up to date. Any number of instances may do so at once.
struct InstallMart: Sendable {
    let database: MartDatabase
    /// The role of BI tools, which is given its rights where it exists.
    let reader: String
    /// The tenant's name.
    let tenant: String

    /// - Parameter schema: `mart`, or the one in which it is built anew.
    /// - Throws: ``MartProblem`` when the database is another tenant's mart.
    func run(_ schema: String) async throws {
        try await install(MartSchema.controlName, MartSchema.control)
        try await claim()
        try await install(schema, MartSchema.migrations)
        try await withPool(schema) { pool in
            guard try await !pool.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [.text(reader)]).isEmpty else {
                return
            }
            try await pool.transaction { transaction in
                // Two instances that do so at once get in each other's way; the number is that of migrations.
                _ = try await transaction.query(
                    "SELECT pg_advisory_xact_lock(1835625586, hashtext($1))", [.text(schema)])
                try await transaction.script(MartSchema.grants(to: reader, schema: schema))
            }
        }
    }

    /// Makes the tenant the owner of a database that has none. The owner's name is not said: it is another tenant's.
    private func claim() async throws {
        try await withPool(MartSchema.controlName) { pool in
            _ = try await pool.query(
                "INSERT INTO mart_owner (tenant) VALUES ($1) ON CONFLICT DO NOTHING", [.text(tenant)])
            guard try await pool.query("SELECT tenant FROM mart_owner")[0][0].text == tenant else {
                throw MartProblem(
                    "The database that the section datamart names is another tenant's mart; each tenant needs one of its own."
                )
            }
        }
    }

    /// Takes a schema away, its tables one by one: at once they are more locks than a server has room for.
    func remove(_ schema: String) async throws {
        try await withPool(schema) { pool in
            while true {
                let tables = try await pool.query(
                    """
                    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT EXISTS (
                        SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)
                    LIMIT 20
                    """, [.text(schema)])
                if tables.isEmpty { break }
                for table in try tables.map({ try $0[0].text }) {
                    try await pool.transaction { try await $0.script("DROP TABLE IF EXISTS \(table) CASCADE") }
                }
            }
            try await pool.transaction { transaction in
                try await transaction.script("DROP SCHEMA IF EXISTS \(MartSchema.quoted(schema)) CASCADE")
            }
        }
    }

    private func install(_ schema: String, _ migrations: [Migration]) async throws {
        try await withPool(schema) { pool in
            // Where it is there already, the right to make one is not needed.
            let isThere = try await !pool.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [.text(schema)])
                .isEmpty
            if !isThere {
                try await pool.transaction {
                    try await $0.script("CREATE SCHEMA IF NOT EXISTS \(MartSchema.quoted(schema))")
                }
            }
            _ = try await Migrations(migrations).apply(on: pool)
        }
    }

    private func withPool(_ schema: String, _ body: (PostgresPool) async throws -> Void) async throws {
        let pool = try database.ownerPool(schema)
        do {
            try await body(pool)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }
}
