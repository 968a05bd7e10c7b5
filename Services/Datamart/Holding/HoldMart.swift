import Domain
import Logging
import Projection
import ServiceKit
import Storage

/// One tenant's mart in this instance: settings from core, the database by the settings, the projection into it.
struct HoldMart: Sendable {
    let client: CoreClient
    let settings: TenantSettings
    let dependencies: DatamartDependencies
    let marts: Marts
    private let changed = AsyncWake()

    init(client: CoreClient, dependencies: DatamartDependencies, marts: Marts) {
        self.client = client
        self.settings = TenantSettings(client: client)
        self.dependencies = dependencies
        self.marts = marts
    }

    /// Runs until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await repeating("settings", logger: dependencies.logger) {
                    let before = settings.section
                    try await settings.refresh(wait: 25)
                    if settings.section != before { changed.wake() }
                    return .zero
                }
            }
            group.addTask {
                await repeating("mart", logger: dependencies.logger) {
                    guard let section = settings.section else {
                        await changed.wait(atMost: .seconds(60))
                        return .zero
                    }
                    do {
                        try await serve(section)
                        marts.note(nil, of: section.tenant)
                    } catch {
                        if !(error is CancellationError) { marts.note("\(error)", of: section.tenant) }
                        throw error
                    }
                    return .zero
                }
            }
            await group.waitForAll()
        }
    }

    /// Works by a section until it is another one.
    private func serve(_ section: TenantSettings.Section) async throws {
        if let zone = section.mart.unknownTimeZones.first {
            // An earlier version took it.
            throw MartProblem(
                "The time zone \(zone) is not known: name \(TimeZoneName.expected) in the tenant's section datamart.")
        }
        var logger = dependencies.logger
        logger[metadataKey: "tenant"] = "\(section.tenant)"
        let database = try await dependencies.database(section, logger)
        let install = InstallMart(database: database, reader: dependencies.reader, tenant: section.tenant)
        try await install.run(MartSchema.name)
        let parts = MartParts(section: section, database: database, install: install, logger: logger)
        let mart = try parts.mart(settings)
        let reading = try database.pool(MartSchema.name, size: 6, forReports: true)
        do {
            try await serve(section, parts, mart, reading)
        } catch {
            await close(section.tenant, mart, reading)
            throw error
        }
        await close(section.tenant, mart, reading)
    }

    private func close(_ tenant: String, _ mart: RebuildableMart, _ reading: PostgresPool) async {
        marts.remove(tenant)
        await mart.close()
        await reading.close()
    }

    private func serve(
        _ section: TenantSettings.Section, _ parts: MartParts, _ mart: RebuildableMart, _ reading: PostgresPool
    ) async throws {
        let jobs = JobLog(
            pool: mart.connections, tenant: section.tenant, instance: dependencies.instance, logger: parts.logger)
        let feed = CoreFeed(core: client)
        var projected = dependencies.projection(of: section.tenant, into: mart, feed)
        let state = ProjectionState()
        projected.whileHolding = { term, fence in
            await MartDuties(
                mart: mart, settings: settings, jobs: jobs, state: state, term: term, fence: fence, parts: parts,
                dependencies: dependencies, differing: { marts.note(differences: $0, of: section.tenant) }
            ).run()
        }
        let projection = RunProjection(projected, state: state, logger: parts.logger)
        marts.add(
            ServedMart(
                tenant: section.tenant, pool: reading, timeZone: section.mart.timeZone,
                timeZones: section.mart.timeZones, jobs: jobs, feed: feed),
            state: state)
        marts.note(nil, of: section.tenant)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await projection.run() }
            group.addTask { await reading.run() }
            group.addTask { try await untilAnother(section, parts.database) }
            group.addTask { try await tellWaiting(of: section.tenant, state) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Tells every second how many events wait, also where another instance applies them.
    private func tellWaiting(of tenant: String, _ state: ProjectionState) async throws {
        defer { JobMetrics.waiting(0, tenant: tenant) }
        while true {
            JobMetrics.waiting(state.snapshot.lag, tenant: tenant)
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Returns when the section or the server's address is another one.
    private func untilAnother(_ section: TenantSettings.Section, _ database: MartDatabase) async throws {
        while settings.section == section {
            await changed.wait(atMost: .seconds(30))
            try Task.checkCancellation()
            // A name that cannot be looked up now is as it was.
            guard let now = try? await dependencies.database(section, dependencies.logger) else { continue }
            if now.address != database.address { return }
        }
    }
}

/// What one run of a tenant's mart is made with.
struct MartParts: Sendable {
    let section: TenantSettings.Section
    let database: MartDatabase
    let install: InstallMart
    let logger: Logger

    /// The name of the tenant's lease, in Redis and in the mart's database.
    var lease: String { "mart:\(section.tenant)" }

    func mart(_ settings: TenantSettings) throws -> RebuildableMart {
        try RebuildableMart(
            database: database, install: install, lease: lease,
            settings: { try await settings.settings(knowing: $0) }, logger: logger)
    }
}
