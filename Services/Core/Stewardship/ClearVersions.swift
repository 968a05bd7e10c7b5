import Domain
import Foundation
import Storage
import Synchronization

/// Retention of what configurations leave behind: superseded documents and the calendar and schema versions that only they
/// name go when they are older than the tenant keeps its items and events, unless an item is placed by them or the
/// explanation of a decision shows them.
struct ClearVersions: Sendable {
    let pool: PostgresPool
    let tenant: Int32
    /// It reads all items where superseded versions are old enough: no more than once in this time.
    private static let pause = Duration.seconds(3600)
    private static let last = Mutex<[Int32: ContinuousClock.Instant]>([:])

    func step(in snapshot: TenantSnapshot, at now: Instant) async throws {
        let candidates = try await superseded(before: now - Self.age(in: snapshot), in: snapshot)
        guard let end = candidates.map(\.end).max(), Self.isDue(for: tenant) else { return }
        let uses = try await uses(of: candidates.map(\.version), upTo: end)
        let unneeded = candidates.map(\.version).filter { !uses.configurations.contains($0) }
        try await delete(unneeded, keeping: uses)
    }

    /// What items refer to.
    private struct Uses: Sendable {
        var configurations: Set<Int32> = []
        var schemas: Set<Int32> = []
        var calendars: Set<Int32> = []
    }

    private static func age(in snapshot: TenantSnapshot) -> Int64 {
        let retention = snapshot.configuration.retention
        return Int64(max(retention.finalItems, retention.events)) * 86_400_000
    }

    private static func isDue(for tenant: Int32) -> Bool {
        last.withLock { last in
            if let before = last[tenant], before.duration(to: .now) < pause { return false }
            last[tenant] = .now
            return true
        }
    }

    /// Versions that were superseded before a moment, and when each was.
    private func superseded(
        before moment: Instant, in snapshot: TenantSnapshot
    ) async throws -> [(version: Int32, end: Int64)] {
        try await pool.query(
            """
            SELECT version, (extract(epoch FROM superseded) * 1000)::bigint FROM (
                SELECT version, lead(applied_at) OVER (ORDER BY version) AS superseded FROM configuration WHERE tenant = $1
            ) AS c WHERE version < $2 AND superseded < to_timestamp($3::float8 / 1000)
            """, [.int4(tenant), .int4(snapshot.version), .float8(Double(moment.milliseconds))], tenant: tenant
        ).map { (try $0[0].int32, try $0[1].int64) }
    }

    /// - Parameter end: items received after it, and an hour for instances that had not heard yet, never saw the versions.
    private func uses(of versions: [Int32], upTo end: Int64) async throws -> Uses {
        let results = try await pool.batch(
            tenant: tenant, timeLimit: .seconds(120),
            [
                SQLStatement(
                    """
                    SELECT DISTINCT configuration_version, schema_version, calendar_version FROM work_item WHERE tenant = $1
                    """, [.int4(tenant)]),
                SQLStatement(
                    """
                    SELECT DISTINCT (e.body::jsonb ->> 'configurationVersion')::int FROM work_item w
                    JOIN event e ON e.tenant = $1 AND e.subject = w.id AND e.explanation IS NOT NULL
                    WHERE w.tenant = $1 AND w.received_at < $2
                    """, [.int4(tenant), .int8(end + 3_600_000)]),
            ])
        var uses = Uses()
        for row in results[0] {
            uses.configurations.insert(try row[0].int32)
            if let schema = try row[1].nullable?.int32 { uses.schemas.insert(schema) }
            if let calendar = try row[2].nullable?.int32 { uses.calendars.insert(calendar) }
        }
        for row in results[1] { if let version = try row[0].nullable?.int32 { uses.configurations.insert(version) } }
        return uses
    }

    private func delete(_ versions: [Int32], keeping uses: Uses) async throws {
        try await pool.transaction(tenant: tenant, timeLimit: .seconds(120), idempotent: true) { transaction in
            // Whoever applies a configuration waits: it may name again what is about to go.
            let parameters: [SQLValue] = [.int4(tenant)]
            var found = try await transaction.pipeline([
                SQLStatement("SELECT configuration_version FROM tenant WHERE id = $1 FOR UPDATE", parameters),
                SQLStatement(
                    "DELETE FROM configuration WHERE tenant = $1 AND version = ANY($2::int[])",
                    parameters + [.int4s(versions)]),
                SQLStatement("SELECT document FROM configuration WHERE tenant = $1", parameters),
                SQLStatement("SELECT id, name, digest FROM schema_version WHERE tenant = $1", parameters),
                SQLStatement("SELECT id, name, digest FROM calendar_version WHERE tenant = $1", parameters),
            ])
            let calendars = found.removeLast()
            let schemas = found.removeLast()
            let documents = try found[2].map { try $0[0].bytes }
            let kept = documents.compactMap { document in
                try? TenantConfiguration.applied(JSONValue(parsing: document, limits: .configuration))
            }
            guard kept.count == documents.count else {
                // One that was taken once and that today's rules refuse: it may name any of them, so they stay.
                _ = try await transaction.commit(with: [])
                return
            }
            let schemasGone = try schemas.compactMap { row -> Int32? in
                let (id, name, digest) = (try row[0].int32, try row[1].text, try row[2].bytes)
                let isNamed = kept.contains { $0.schemas.contains { $0.name == name && $0.digest == digest } }
                return isNamed || uses.schemas.contains(id) ? nil : id
            }
            let calendarsGone = try calendars.compactMap { row -> Int32? in
                let (id, name, digest) = (try row[0].int32, try row[1].text, try row[2].bytes)
                // The one without a name is always open and belongs to every configuration.
                let isNamed = name.isEmpty || kept.contains { $0.calendar(named: name).isDigest(digest) }
                return isNamed || uses.calendars.contains(id) ? nil : id
            }
            _ = try await transaction.commit(with: [
                SQLStatement(
                    "DELETE FROM schema_version WHERE tenant = $1 AND id = ANY($2::int[])",
                    parameters + [.int4s(schemasGone)]),
                SQLStatement(
                    "DELETE FROM calendar_version WHERE tenant = $1 AND id = ANY($2::int[])",
                    parameters + [.int4s(calendarsGone)]),
            ])
        }
    }
}
