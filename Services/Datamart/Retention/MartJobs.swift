import Domain
import Logging
import ServiceKit
import Storage

/// What the holder of a mart does by the clock: partitions, retention, the directory, the check. Each run is in the job view.
struct MartJobs: Sendable {
    let mart: RebuildableMart
    let settings: TenantSettings
    let dependencies: DatamartDependencies
    let jobs: JobLog
    /// Fails when the term is over.
    let requireTrust: @Sendable () throws -> Void
    let term: Int64
    let fence: TermFence
    /// Is told how many numbers differ from core's.
    let differing: @Sendable (Int) -> Void
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async {
        let http = OutboundHTTP(guard: dependencies.addressGuard)
        let tokens = WorkspaceTokens(http: http)
        await withDiscardingTaskGroup { group in
            group.addTask {
                await every(.seconds(6 * 3600), "partitions") { run in
                    run.count(written: try await mart.target.makePartitions(at: .now, fence: fence))
                }
            }
            group.addTask {
                // Not at once: whoever takes a mart over has events to apply first.
                await every(.seconds(3600), "retention", first: .seconds(180)) { run in
                    guard let retention = settings.section?.mart.retention else { return }
                    let (rows, partitions) = try await mart.target.clearAway(retention, at: .now, fence: fence)
                    run.count(written: rows)
                    run.note("partitions", .integer(Int64(partitions)))
                }
            }
            group.addTask {
                let length = settings.section?.mart.directory.every ?? 3_600_000
                await every(.milliseconds(length), "directory") { run in
                    let (people, changed) = try await copyDirectory()
                    run.count(read: people, dimensionRows: changed)
                }
            }
            group.addTask { await every(.seconds(300), "check", first: .seconds(10)) { try await check($0) } }
            group.addTask { await renewToken(tokens) }
        }
        // The next holder checks.
        tell(differences: 0)
        await http.close()
    }

    /// The job `workspace`: a run for each token that is fetched, or could not be; then it is tried again, after pauses that
    /// grow. It is looked at often, and one is asked for only when the one that is kept comes to its end.
    private func renewToken(_ tokens: WorkspaceTokens) async {
        guard let workspace = settings.section?.mart.directory.workspace else { return }
        await repeating("workspace", logger: logger, longestPause: .seconds(60)) {
            guard await tokens.isDue(workspace.tokenUrl) else { return .seconds(1) }
            try requireTrust()
            try await jobs.run("workspace", term: term) { run in
                let secret = try settings.section?.secret(workspace.secret, dependencies.secrets) ?? [:]
                try await tokens.renew(tokenUrl: workspace.tokenUrl, secret: secret)
                run.count(read: 1)
            }
            return .seconds(1)
        }
    }

    /// Runs a job by the clock, and for a mart that has been built anew at once; what fails is tried again after a minute.
    /// - Parameter first: how long a term lasts before the first run.
    private func every(
        _ period: Duration, _ job: String, first: Duration = .zero,
        _ body: @Sendable @escaping (JobRun) async throws -> Void
    ) async {
        await wait(first, orAnotherThan: ObjectIdentifier(mart.target))
        while !Task.isCancelled {
            let target = ObjectIdentifier(mart.target)
            var pause = period
            do {
                try requireTrust()
                try await jobs.run(job, term: term, body)
            } catch {
                // The log of jobs has told of it.
                pause = min(period, .seconds(60))
            }
            await wait(pause, orAnotherThan: target)
        }
    }

    /// Waits, no longer than until the mart is another one.
    private func wait(_ pause: Duration, orAnotherThan target: ObjectIdentifier) async {
        let next = ContinuousClock.now + pause
        while !Task.isCancelled, ContinuousClock.now < next, ObjectIdentifier(mart.target) == target {
            try? await Task.sleep(for: min(.seconds(2), next - .now))
        }
    }

    private func copyDirectory() async throws -> (people: Int, changed: Int) {
        guard let section = settings.section else { return (0, 0) }
        let directory = section.mart.directory
        switch directory.kind {
        case .tenant:
            let people = settings.agents.map { agent in
                DirectoryPerson(
                    agent: agent.id, displayName: agent.name,
                    groups: agent.groups.map { ($0, DirectoryPerson.Period(from: 0)) }, skills: agent.skills,
                    isActive: agent.isActive)
            }
            let changed = try await mart.target.storeDirectory(people, knowsPast: false, at: .now, fence: fence)
            return (people.count, changed)
        case .infomart:
            let pool = try await dependencies.infoMart(section, logger)
            let people: [DirectoryPerson]
            do {
                people = try await InfoMart(pool: pool).people()
            } catch {
                await pool.close()
                throw error
            }
            await pool.close()
            let changed = try await mart.target.storeDirectory(people, knowsPast: true, at: .now, fence: fence)
            return (people.count, changed)
        }
    }

    private func tell(differences: Int) {
        JobMetrics.differing(differences, tenant: jobs.tenant)
        differing(differences)
    }

    private func check(_ run: JobRun) async throws {
        let client = settings.client
        let check = CheckMart(pool: mart.connections) { try await client.call(.GET, $0) }
        let (differences, compared) = try await check.differences()
        run.count(read: compared)
        tell(differences: differences.count)
        guard !differences.isEmpty else { return }
        run.note("differences", .array(differences.prefix(100).map(\.document)))
        logger.warning(
            "the mart's items are not those of core", metadata: ["numbers": "\(differences.count)"])
    }
}
