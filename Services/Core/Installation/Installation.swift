import Domain
import Foundation
import Logging
import ServiceKit
import Storage

/// What is done to a database as its owner: migrations, and the making of tenants.
public struct Installation: Sendable {
    private let pool: PostgresPool
    private let serviceRole: String

    /// - Throws: `StorageError` when an address cannot be read.
    public init(configuration: ServiceConfiguration) throws {
        pool = try PostgresPool(
            url: configuration.database.ownerURL, size: 2, applicationName: "millrace installation",
            logger: Logger(label: "millrace.installation"))
        serviceRole = URLComponents(string: configuration.database.url)?.user ?? "millrace_service"
    }

    /// Applies what is missing and grants the service's role what it needs.
    /// - Returns: the versions applied.
    public func migrate() async throws -> [Int32] {
        let applied = try await Migrations(CoreSchema.migrations).apply(on: pool)
        try await pool.transaction { try await $0.script(CoreSchema.grants(to: serviceRole)) }
        return applied
    }

    /// Creates the tenant unless it is there, applies the document unless there is one in force, and makes the keys
    /// that are missing.
    /// - Parameter existing: keys that are kept when they still hold.
    public func bootstrap(
        tenant name: String, document: [UInt8], isJSON: Bool, source: String, existing: (admin: String, source: String)?
    ) async throws -> (admin: String, source: String) {
        let value =
            isJSON ? try ConfigurationDocument.parse(json: document) : try ConfigurationDocument.parse(yaml: document)
        let configuration = try TenantConfiguration.validate(value, now: .now).get()
        guard configuration.tenant == name else {
            throw DocumentProblems(path: "/tenant", message: "Expected \(name), as the command says.")
        }
        guard configuration.sources.contains(where: { $0.name == source }) else {
            throw DocumentProblems(path: "/sources", message: "Expected a source \(source), as the command says.")
        }
        let id = try await pool.transaction { transaction in
            let rows = try await transaction.query(
                """
                INSERT INTO tenant (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
                """, [.text(name)])
            let id = try rows[0, 0].int32
            try await transaction.script("CALL millrace_add_tenant_partitions(\(id))")
            return id
        }
        let version = try await pool.query("SELECT configuration_version FROM tenant WHERE id = $1", [.int4(id)])
        if try version[0, 0].int32 == 0 {
            _ = try await ApplyConfiguration(pool: pool).perform(configuration, tenant: id, by: "bootstrap")
        }
        let keys = APIKeyStore(pool: pool)
        return (
            try await key(existing?.admin, APIKeyDraft(name: "administrator", roles: [.admin]), id, keys),
            try await key(
                existing?.source, APIKeyDraft(name: "source \(source)", roles: [.source], source: source), id, keys)
        )
    }

    private func key(
        _ existing: String?, _ draft: APIKeyDraft, _ tenant: Int32, _ keys: APIKeyStore
    ) async throws -> String {
        if let existing, let hash = APIKey.hash(of: existing), let record = try await keys.record(hash: hash),
            record.principal.tenant == tenant
        {
            return existing
        }
        // A lost file must not lock anybody out: the oldest of two valid keys makes way.
        let valid = try await keys.list(tenant: tenant).filter { $0.name == draft.name && $0.revokedAt == nil }
        if valid.count >= 2, let oldest = valid.first { _ = try await keys.revoke(oldest.id, tenant: tenant) }
        return try await keys.create(draft, tenant: tenant).1
    }
}
