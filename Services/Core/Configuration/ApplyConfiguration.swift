import Domain
import Foundation
import Storage

/// Applies a configuration whole and at once: new names get ids, openings are worked out, the version counts up.
public struct ApplyConfiguration: Sendable {
    let pool: PostgresPool

    /// - Parameter pool: connections as the role that owns nothing.
    public init(pool: PostgresPool) { self.pool = pool }

    /// - Parameters:
    ///   - expected: the version that must be in force, if the caller says so.
    ///   - by: who applies it, for the record.
    /// - Returns: the version now in force; the one that was when the document says the same.
    /// - Throws: `Refusal` when another version is in force than expected, `DocumentProblems` for topics of other tenants.
    public func perform(
        _ configuration: TenantConfiguration, tenant: Int32, expected: Int32? = nil, by: String
    ) async throws -> Int32 {
        try await pool.transaction(tenant: tenant) { transaction in
            let version = try await perform(
                configuration, tenant: tenant, expected: expected, by: by, on: transaction)
            _ = try await transaction.commit()
            return version
        }
    }

    /// The same in the caller's transaction.
    func perform(
        _ configuration: TenantConfiguration, tenant: Int32, expected: Int32?, by: String, on transaction: Transaction
    ) async throws -> Int32 {
        let text = configuration.document.text
        let row = try await transaction.query(
            "SELECT configuration_version FROM tenant WHERE id = $1 FOR UPDATE", [.int4(tenant)])
        let version = try row[0, 0].int32
        if let expected, expected != version {
            throw Refusal(
                .revisionMismatch, "Version \(version) is in force, not \(expected); read it and apply again.")
        }
        try await TopicClaims(of: configuration, tenant: tenant).take(on: transaction)
        let present = try await transaction.query(
            "SELECT document FROM configuration WHERE tenant = $1 AND version = $2", [.int4(tenant), .int4(version)])
        if let present = present.first, try present[0].text == text,
            try await !needsLaterHorizon(configuration, tenant, transaction)
        {
            return version
        }
        let before = try present.first.map { JSONValue.object(JSONObject(stored: try $0[0].text)) }
        try await RemadeMailboxes(in: configuration, before: before, tenant: tenant).begin(at: .now, on: transaction)
        let next = version + 1
        let told = configuration.sources.filter { $0.replies != nil }.map(\.name)
        _ = try await transaction.pipeline([
            try names(of: configuration, tenant), try calendars(of: configuration, tenant, at: .now),
            schemas(of: configuration, tenant),
            SQLStatement(
                """
                INSERT INTO agent (tenant, id) SELECT $1, id FROM configuration_object
                WHERE tenant = $1 AND kind = 'agent' ON CONFLICT DO NOTHING
                """, [.int4(tenant)]),
            SQLStatement(
                """
                INSERT INTO endpoint_gate (tenant, id) SELECT $1, id FROM configuration_object
                WHERE tenant = $1 AND kind = 'endpoint' ON CONFLICT DO NOTHING
                """, [.int4(tenant)]),
            SQLStatement(
                "INSERT INTO relay (tenant) VALUES ($1) ON CONFLICT DO NOTHING", [.int4(tenant)]),
            SQLStatement(
                "DELETE FROM status_cursor WHERE tenant = $1 AND source NOT IN (\(Self.told))",
                [.int4(tenant), .texts(told)]),
            SQLStatement(
                """
                INSERT INTO status_cursor (tenant, source, position)
                SELECT $1, s.id, (SELECT position FROM relay WHERE tenant = $1) FROM (\(Self.told)) AS s
                ON CONFLICT DO NOTHING
                """, [.int4(tenant), .texts(told)]),
            SQLStatement(
                "INSERT INTO configuration (tenant, version, document, applied_by) VALUES ($1, $2, $3, $4)",
                [.int4(tenant), .int4(next), .text(text), .text(by)]),
            SQLStatement(
                "UPDATE tenant SET configuration_version = $2 WHERE id = $1", [.int4(tenant), .int4(next)]),
        ])
        return next
    }

    /// Sources that want to hear of their items: one that is new among them hears from now on, not of what was.
    private static let told =
        "SELECT id FROM configuration_object WHERE tenant = $1 AND kind = 'source' AND name = ANY($2::text[])"

    private func needsLaterHorizon(
        _ configuration: TenantConfiguration, _ tenant: Int32, _ transaction: Transaction
    ) async throws -> Bool {
        let horizon = CalendarConfiguration.horizon(at: .now)
        let rows = try await transaction.query("SELECT digest FROM calendar_version WHERE tenant = $1", [.int4(tenant)])
        let known = Set(try rows.map { try $0[0].bytes })
        return configuration.calendars.contains { !known.contains($0.digest(horizon: horizon)) }
    }

    private func names(of configuration: TenantConfiguration, _ tenant: Int32) throws -> SQLStatement {
        var kinds: [String] = []
        var names: [String] = []
        func add(_ kind: ConfigurationNames.Kind, _ all: [String]) {
            kinds += all.map { _ in kind.rawValue }
            names += all
        }
        add(.skill, configuration.skills)
        add(.endpoint, configuration.endpoints.map(\.name))
        add(.agent, configuration.agents.map(\.id))
        add(.source, configuration.sources.map(\.name))
        add(.category, configuration.categoryTree().categories.map(\.name))
        return SQLStatement(
            """
            INSERT INTO configuration_object (tenant, kind, name)
            SELECT $1, o.kind, o.name FROM unnest($2::text[], $3::text[]) AS o(kind, name)
            WHERE NOT EXISTS (
                SELECT 1 FROM configuration_object c WHERE c.tenant = $1 AND c.kind = o.kind AND c.name = o.name)
            """, [.int4(tenant), .texts(kinds), .texts(names)])
    }

    private func calendars(
        of configuration: TenantConfiguration, _ tenant: Int32, at now: Instant
    ) throws -> SQLStatement {
        let horizon = CalendarConfiguration.horizon(at: now)
        let calendars = configuration.calendars + [configuration.calendar(named: nil)]
        let compiled = try calendars.map {
            try $0.compile(from: CalendarConfiguration.origin, through: horizon).serialised
        }
        return SQLStatement(
            """
            INSERT INTO calendar_version (tenant, name, digest, compiled)
            SELECT $1, c.* FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS c
            ON CONFLICT (tenant, name, digest) DO NOTHING
            """,
            [
                .int4(tenant), .texts(calendars.map(\.name)),
                .bytesArray(calendars.map { $0.digest(horizon: horizon) }), .bytesArray(compiled),
            ])
    }

    private func schemas(of configuration: TenantConfiguration, _ tenant: Int32) -> SQLStatement {
        SQLStatement(
            """
            INSERT INTO schema_version (tenant, name, digest, definition)
            SELECT $1, s.* FROM unnest($2::text[], $3::bytea[], $4::text[]) AS s
            ON CONFLICT (tenant, name, digest) DO NOTHING
            """,
            [
                .int4(tenant), .texts(configuration.schemas.map(\.name)),
                .bytesArray(configuration.schemas.map(\.digest)), .texts(configuration.schemas.map(\.schema.stored)),
            ])
    }
}
