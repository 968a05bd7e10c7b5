import Datamart
import Domain
import Foundation
import Logging
import Projection
import Storage
import Testing

/// A mart in a schema of its own, with settings that the random histories fit.
struct MartWorld {
    let pool: PostgresPool
    let schema: String
    let target: DatamartTarget
    private(set) var fence: TermFence
    static let lease = "mart:demo"

    /// - Parameter settings: changes the usual ones.
    init(url: String, schema: String, settings: MartSettings = .forTests()) async throws {
        let logger = Logger(label: "mart") { _ in SwiftLogNoOpLogHandler() }
        let control = schema + "_control"
        for (name, migrations) in [(control, MartSchema.control), (schema, MartSchema.migrations)] {
            let owner = try PostgresPool(url: url, size: 1, settings: .init(searchPath: name), logger: logger)
            try await owner.transaction {
                try await $0.script("DROP SCHEMA IF EXISTS \(name) CASCADE; CREATE SCHEMA \(name)")
            }
            _ = try await Migrations(migrations).apply(on: owner)
            await owner.close()
        }
        pool = try PostgresPool(
            url: url, size: 3, settings: .init(searchPath: "\(schema), \(control)"), logger: logger)
        self.schema = schema
        target = DatamartTarget(
            pool: pool, schema: schema, lease: Self.lease, settings: { _ in settings }, logger: logger)
        fence = TermFence(lease: Self.lease, term: try await target.nextTerm(holder: "test"))
        try await target.storeSettings(settings, fence: fence)
    }

    /// A mart for a test, which is dropped afterwards.
    static func with(settings: MartSettings = .forTests(), _ body: (MartWorld) async throws -> Void) async throws {
        let url = try #require(url)
        let world = try await MartWorld(url: url, schema: "mart_" + UUIDv7.next().hexText, settings: settings)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(world)) } catch { outcome = .failure(error) }
        for schema in [world.schema, world.schema + "_control"] {
            _ = try? await world.pool.transaction { try await $0.script("DROP SCHEMA \(schema) CASCADE") }
        }
        await world.close()
        try outcome.get()
    }

    /// The database that the tests use.
    static let url = ProcessInfo.processInfo.environment["MILLRACE_TEST_DATABASE_URL"]

    func apply(_ events: [ProjectedEvent]) async throws {
        guard let last = events.last else { return }
        try await target.apply(
            events, after: try await target.progress().position,
            progress: ProjectionProgress(position: last.position, eventId: last.id), fence: fence)
    }

    /// A new term begins: whatever was remembered is read again.
    mutating func elect() async throws {
        fence = TermFence(lease: Self.lease, term: try await target.nextTerm(holder: "test"))
    }

    /// What the independent recomputation finds wrong; empty when every table equals it to the last count.
    func mismatches() async throws -> [String] {
        let sql = try String(contentsOfFile: Self.recomputation, encoding: .utf8)
        let rows = try await pool.transaction(timeLimit: .seconds(600)) { transaction in
            try await transaction.script(sql)
            return try await transaction.query(
                "SELECT table_name, missing, unexpected, coalesce(example, '') FROM pg_temp.mismatch")
        }
        return try rows.map {
            "\(try $0[0].text): \(try $0[1].int64) missing, \(try $0[2].int64) unexpected: \(try $0[3].text)"
        }
    }

    func close() async { await pool.close() }

    private static var recomputation: String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Integration/mart/recompute.sql").path
    }
}

extension MartSettings {
    /// Three zones, two custom attributes; office hours for incidents in version 1, requests always open; in version 2 office
    /// hours for all.
    static func forTests() -> MartSettings {
        var mart = DatamartConfiguration(url: "postgresql://mart@localhost/mart")
        mart.timeZone = "Europe/Stockholm"
        mart.timeZones = ["UTC", "Asia/Kathmandu"]
        mart.custom = ["country", "impact"]
        let start: Int64 = 1_774_224_000_000
        let openings = (0..<400).map { day in
            Opening(
                start: Instant(milliseconds: start + Int64(day) * 86_400_000 + 8 * 3_600_000),
                end: Instant(milliseconds: start + Int64(day) * 86_400_000 + 17 * 3_600_000))
        }
        let office = MartSettings.Calendar(name: "office", openings: BusinessCalendar(openings: openings))
        let categories = [
            "Incidents", "Incidents/Major", "Incidents/Minor", "Requests", "Requests/A/B/C/D/E/F/G/H/I/J/K",
        ]
        func version(_ open: Set<String>) -> MartSettings.Version {
            MartSettings.Version(
                appliedAt: Instant(milliseconds: start),
                calendars: Dictionary(uniqueKeysWithValues: categories.map { ($0, open.contains($0) ? 3 : 7) }),
                skills: ["Incidents": ["network"]], queues: ["desk", "night", "back office"])
        }
        return MartSettings(
            tenant: "demo", mart: mart, calendars: [7: office, 3: .init(name: "", openings: .alwaysOpen)],
            versions: [1: version(["Requests", "Requests/A/B/C/D/E/F/G/H/I/J/K"]), 2: version([])])
    }
}
