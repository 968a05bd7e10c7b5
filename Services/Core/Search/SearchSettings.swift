import Domain
import Foundation
import ServiceKit
import Storage

/// What the search service needs to know of a tenant: its section of the configuration with the sealed secret, and how
/// often a new index has been asked for.
struct SearchSettings: Sendable {
    let runtime: TenantRuntime

    private var pool: PostgresPool { runtime.dependencies.pool }

    /// Waits until they are others than those of that revision.
    func wait(knowing known: String) async throws {
        while try await state().revision == known {
            // The configuration is in memory; the database is asked once a second.
            let version = runtime.snapshot.version
            for _ in 0..<4 where runtime.snapshot.version == version {
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// The tenant of this database, as SQL whose $1 is the tenant: one of the same name elsewhere has another one. A database
    /// that is restored has the same.
    static let owner = """
        (SELECT name || '@' || (extract(epoch FROM created_at) * 1000000)::bigint FROM tenant WHERE id = $1)
        """

    private func state() async throws -> (revision: String, rebuilds: Int64, owner: String) {
        let row = try await pool.query(
            """
            SELECT (SELECT coalesce(max(updated_at), 0) + count(*) FROM mailbox_secret WHERE tenant = $1),
                coalesce((SELECT rebuilds FROM search_progress WHERE tenant = $1), 0), \(Self.owner)
            """, [.int4(runtime.tenant)], tenant: runtime.tenant)
        let rebuilds = try row[0, 1].int64
        return ("\(runtime.snapshot.version).\(try row[0, 0].int64).\(rebuilds)", rebuilds, try row[0, 2].text)
    }

    func answer() async throws -> JSONObject {
        // Before what it stands for: a change in between is told again.
        let state = try await state()
        let search = runtime.snapshot.configuration.search
        var answer: JSONObject = [
            "tenant": .string(runtime.name), "revision": .string(state.revision),
            "rebuilds": .integer(state.rebuilds), "owner": .string(state.owner),
        ]
        answer["search"] = search?.document
        if let name = search?.secret {
            let boxes = try await MailboxSecrets(pool: pool, tenant: runtime.tenant, tenantName: runtime.name).sealed()
            answer["sealed"] = boxes[name].map { .string(Data($0).base64EncodedString()) }
        }
        return answer
    }

    /// Asks for a new index.
    /// - Returns: how often one has been asked for.
    func askForRebuild() async throws -> Int64 {
        let results = try await pool.batch(
            tenant: runtime.tenant,
            [
                SQLStatement(
                    """
                    INSERT INTO search_progress AS p (tenant, rebuilds) VALUES ($1, 1)
                    ON CONFLICT (tenant) DO UPDATE SET rebuilds = p.rebuilds + 1 RETURNING rebuilds
                    """, [.int4(runtime.tenant)])
            ])
        return try results[0][0, 0].int64
    }
}
