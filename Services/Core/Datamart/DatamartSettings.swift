import Domain
import Foundation
import ServiceKit
import Storage

/// What the data mart needs to know of a tenant: its section of the configuration with the sealed secrets, and the names
/// and calendars by which events are counted.
struct DatamartSettings: Sendable {
    let runtime: TenantRuntime

    private var pool: PostgresPool { runtime.dependencies.pool }

    /// Waits until configuration or secrets are others than those of that revision.
    func wait(knowing known: String) async throws {
        while try await revision() == known {
            // The configuration is in memory; the database is asked for secrets once a second.
            let version = runtime.snapshot.version
            for _ in 0..<4 where runtime.snapshot.version == version {
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }

    /// Version of the configuration and state of the secrets.
    private func revision() async throws -> String {
        let stamp = try await pool.query(
            "SELECT coalesce(max(updated_at), 0) + count(*) FROM mailbox_secret WHERE tenant = $1",
            [.int4(runtime.tenant)], tenant: runtime.tenant)[0, 0].int64
        return "\(runtime.snapshot.version).\(stamp)"
    }

    func answer() async throws -> JSONObject {
        // Before what it stands for: a change in between is told again.
        let revision = try await revision()
        let snapshot = runtime.snapshot
        let mart = snapshot.configuration.datamart
        var sealed = JSONObject()
        if let mart, !mart.secrets.isEmpty {
            let boxes = try await MailboxSecrets(pool: pool, tenant: runtime.tenant, tenantName: runtime.name).sealed()
            for name in mart.secrets {
                sealed[name] = boxes[name].map { .string(Data($0).base64EncodedString()) }
            }
        }
        var answer: JSONObject = [
            "tenant": .string(runtime.name), "version": .integer(Int64(snapshot.version)),
            "revision": .string(revision), "sealed": .object(sealed),
            "customerAttribute": .string(snapshot.configuration.customerAttribute),
        ]
        answer["datamart"] = mart?.document
        answer["calendars"] = .array(snapshot.calendars.keys.sorted().map { Self.calendar($0, snapshot) })
        answer["categories"] = .array(
            snapshot.names.all(of: .category).sorted { $0.id < $1.id }.map { Self.category($0.name, $0.id, snapshot) })
        answer["endpoints"] = Self.names(.endpoint, snapshot)
        answer["sources"] = Self.names(.source, snapshot)
        answer["agents"] = .array(
            snapshot.names.all(of: .agent).sorted { $0.id < $1.id }.map { Self.agent($0.name, $0.id, snapshot) })
        return answer
    }

    /// Versions of the configuration after one, oldest first: which calendar, service level and skills each
    /// category had.
    func versions(after version: Int32, limit: Int) async throws -> [JSONValue] {
        let rows = try await pool.query(
            "SELECT version, applied_at FROM configuration WHERE tenant = $1 AND version > $2 ORDER BY version LIMIT $3",
            [.int4(runtime.tenant), .int4(version), .int8(Int64(limit))], tenant: runtime.tenant)
        let store = ConfigurationStore(pool: pool)
        var versions: [JSONValue] = []
        for row in rows {
            let snapshot = try await store.snapshot(
                tenant: runtime.tenant, name: runtime.name, version: try row[0].int32)
            let categories = snapshot.placements.values.sorted { $0.category < $1.category }.map { placement in
                JSONValue.object([
                    "path": .string(placement.path), "calendar": .integer(Int64(placement.calendarVersion)),
                    "sla": .integer(snapshot.schemas[placement.schemaVersion]?.sla ?? 0),
                    "skills": .array(
                        placement.skills.compactMap { snapshot.names.name(of: .skill, $0) }.sorted()
                            .map(JSONValue.string)),
                ])
            }
            versions.append([
                "version": .integer(Int64(snapshot.version)),
                "appliedAt": .string(Instant(milliseconds: try row[1].milliseconds).rfc3339),
                "categories": .array(categories),
                "endpoints": .array(snapshot.configuration.endpoints.map { .string($0.name) }),
            ])
        }
        return versions
    }

    private static func calendar(_ id: Int32, _ snapshot: TenantSnapshot) -> JSONValue {
        [
            "id": .integer(Int64(id)), "name": .string(snapshot.calendarNames[id] ?? ""),
            "openings": .string(Data(snapshot.calendars[id]?.serialised ?? []).base64EncodedString()),
        ]
    }

    private static func category(_ path: String, _ id: Int32, _ snapshot: TenantSnapshot) -> JSONValue {
        var category: JSONObject = ["id": .integer(Int64(id)), "path": .string(path)]
        let placement = snapshot.placements[id]
        category["active"] = .bool(placement != nil)
        if let placement {
            category["calendar"] = .integer(Int64(placement.calendarVersion))
            category["sla"] = snapshot.schemas[placement.schemaVersion].map { .integer($0.sla) }
            category["endpoint"] = snapshot.endpoints[placement.endpoint].map { .string($0.name) }
        }
        return .object(category)
    }

    private static func names(_ kind: ConfigurationNames.Kind, _ snapshot: TenantSnapshot) -> JSONValue {
        .array(snapshot.names.all(of: kind).sorted { $0.id < $1.id }.map { .string($0.name) })
    }

    private static func agent(_ key: String, _ id: Int32, _ snapshot: TenantSnapshot) -> JSONValue {
        let settings = snapshot.agents[id]
        var agent: JSONObject = [
            "number": .integer(Int64(id)), "id": .string(key), "active": .bool(settings != nil),
        ]
        agent["name"] = settings.map { .string($0.name) }
        agent["groups"] = .array((settings?.groups ?? []).map(JSONValue.string))
        agent["skills"] = .array(
            (settings?.skills ?? []).compactMap { snapshot.names.name(of: .skill, $0) }.map(JSONValue.string))
        return .object(agent)
    }
}
