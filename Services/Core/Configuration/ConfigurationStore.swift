import Crypto
import Domain
import Foundation
import Storage

/// Configurations in PostgreSQL.
public struct ConfigurationStore: Sendable {
    let pool: PostgresPool

    /// - Parameter pool: connections as the role that owns nothing.
    public init(pool: PostgresPool) { self.pool = pool }

    /// A tenant with the version in force, 0 before the first, and with its place in the folder of contents.
    typealias Tenant = (id: Int32, name: String, version: Int32, contentPlace: UUID)

    /// All tenants, the earliest first.
    func tenants() async throws -> [Tenant] {
        let rows = try await pool.query(
            "SELECT id, name, configuration_version, content_place FROM tenant ORDER BY id")
        return try rows.map { (try $0[0].int32, try $0[1].text, try $0[2].int32, try $0[3].uuid) }
    }

    /// The document of a version, in its agreed form; nil when there is none.
    func document(tenant: Int32, version: Int32) async throws -> JSONValue? {
        let rows = try await pool.query(
            "SELECT document FROM configuration WHERE tenant = $1 AND version = $2",
            [.int4(tenant), .int4(version)], tenant: tenant)
        guard let row = rows.first else { return nil }
        return try JSONValue(parsing: Array(try row[0].text.utf8), limits: .configuration)
    }

    /// The configuration of a version. It was valid when it was applied, and time has no say in it any more.
    func configuration(tenant: Int32, version: Int32) async throws -> TenantConfiguration? {
        guard let document = try await document(tenant: tenant, version: version) else { return nil }
        return try TenantConfiguration.applied(document)
    }

    /// Everything that the service needs to work by a version.
    func snapshot(tenant: Int32, name: String, version: Int32) async throws -> TenantSnapshot {
        guard let configuration = try await configuration(tenant: tenant, version: version) else {
            throw StorageError(.other, "configuration \(version) of tenant \(name) is missing")
        }
        let parameters: [SQLValue] = [.int4(tenant)]
        let results = try await pool.batch(
            tenant: tenant, idempotent: true,
            [
                SQLStatement("SELECT kind, id, name FROM configuration_object WHERE tenant = $1", parameters),
                SQLStatement(
                    "SELECT id, name, digest, compiled FROM calendar_version WHERE tenant = $1 ORDER BY id", parameters),
                SQLStatement(
                    "SELECT id, name, digest, definition FROM schema_version WHERE tenant = $1 ORDER BY id", parameters),
            ])
        var builder = SnapshotBuilder(tenant: tenant, name: name, version: version, configuration: configuration)
        for row in results[0] {
            if let kind = ConfigurationNames.Kind(rawValue: try row[0].text) {
                builder.names.append((kind, try row[1].int32, try row[2].text))
            }
        }
        for row in results[1] {
            builder.add(
                calendar: try BusinessCalendar(serialised: try row[3].bytes), id: try row[0].int32,
                name: try row[1].text, digest: try row[2].bytes)
        }
        for row in results[2] {
            builder.add(
                schema: try PrioritySchema(stored: try row[3].text), id: try row[0].int32, name: try row[1].text,
                digest: try row[2].bytes)
        }
        return try builder.build()
    }
}
