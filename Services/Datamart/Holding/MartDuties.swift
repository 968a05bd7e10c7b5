import Coordination
import Domain
import Logging
import Projection
import ServiceKit
import Storage
import Synchronization

/// What the holder of a mart does beside applying events, in its term: it tells how it goes, writes down what
/// configurations say, and counts what time alone changes.
struct MartDuties: Sendable {
    let mart: RebuildableMart
    let settings: TenantSettings
    let jobs: JobLog
    let state: ProjectionState
    let term: LeaseTerm
    let fence: TermFence
    let parts: MartParts
    let dependencies: DatamartDependencies
    /// Is told how many numbers differ from core's.
    let differing: @Sendable (Int) -> Void

    /// How often time is brought on. Becoming overdue shows in reports that much later at most.
    private static let timeEvery = Duration.seconds(5)
    /// What has happened by then is in the mart, as a rule; what is not counts all the same, as late events do.
    private static let timeBehind: Int64 = 2000

    /// Runs until the term is over.
    func run() async {
        let dimensionRows = await mart.target.newDimensionRows
        await untilApplied()
        await withDiscardingTaskGroup { group in
            group.addTask { await tell(dimensionRows: dimensionRows) }
            group.addTask { await tellRebuilds() }
            group.addTask { await storeSettings() }
            group.addTask { await passTime() }
            group.addTask { await byTheClock.run() }
        }
    }

    /// Waits until events are applied, or 3 s: at a switch nothing else stands before them in line.
    private func untilApplied() async {
        let begin = ContinuousClock.now
        while !Task.isCancelled, ContinuousClock.now - begin < .seconds(3) {
            let now = state.snapshot
            if now.applied > now.appliedBefore { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private var byTheClock: MartJobs {
        MartJobs(
            mart: mart, settings: settings, dependencies: dependencies, jobs: jobs,
            requireTrust: { try term.requireTrust() }, term: term.number, fence: fence, differing: differing,
            logger: parts.logger)
    }

    /// The job `projection`: a run for each term, brought up to date as it goes on.
    /// - Parameter dimensionRows: how many there were when the term began.
    private func tell(dimensionRows: Int64) async {
        do {
            try await jobs.run("projection", term: term.number) { run in
                // Applying has begun: what came before the run is told of counts as well.
                var told = state.snapshot.appliedBefore
                var dimensions = dimensionRows
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    let now = state.snapshot
                    let rows = await mart.target.newDimensionRows
                    run.count(
                        read: Int(now.applied - told), written: Int(now.applied - told),
                        // A mart that was built anew counts from nothing.
                        dimensionRows: Int(max(0, rows - dimensions)))
                    run.pending(now.lag)
                    // It goes on as long as the term does: that it is up to date is its success.
                    if now.lag == 0, now.problem == nil, !now.isFarBehind {
                        JobMetrics.succeeded(run.report, tenant: jobs.tenant, at: .now)
                    }
                    told = now.applied
                    dimensions = rows
                }
            }
        } catch {
            parts.logger.debug("the run of the projection ended", metadata: ["error": "\(error)"])
        }
    }

    /// The job `rebuild`: a run for each time that the mart is built anew.
    private func tellRebuilds() async {
        while !Task.isCancelled {
            if state.snapshot.rebuilding != nil {
                _ = try? await jobs.run("rebuild", term: term.number) { run in
                    var told: Int64 = 0
                    while let position = state.snapshot.rebuilding, !Task.isCancelled {
                        run.count(read: Int(max(0, position - told)), written: Int(max(0, position - told)))
                        run.pending(max(0, state.snapshot.position - position))
                        told = max(told, position)
                        try? await Task.sleep(for: .milliseconds(200))
                    }
                    run.pending(0)
                    if let problem = state.snapshot.rebuildProblem { throw MartProblem(problem) }
                }
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Once, at every version of the configuration that is new, and again for a mart that was built anew.
    private func storeSettings() async {
        let stored = Mutex<(version: Int32?, target: ObjectIdentifier?)>((nil, nil))
        await repeating("settings", logger: parts.logger) {
            let target = mart.target
            let known = try await settings.settings(knowing: 0)
            let (version, before) = stored.withLock { $0 }
            guard version != known.newest || before != ObjectIdentifier(target) else { return .seconds(1) }
            try term.requireTrust()
            try await target.storeSettings(known, fence: fence)
            stored.withLock { $0 = (known.newest, ObjectIdentifier(target)) }
            return .seconds(1)
        }
    }

    /// Not while the mart is far behind: what time has changed since would be taken back by the steps still to come, item
    /// by item.
    private func passTime() async {
        await repeating("time", logger: parts.logger) {
            guard !state.snapshot.isFarBehind else { return .seconds(1) }
            try term.requireTrust()
            let (_, isDone) = try await mart.target.passTime(through: Instant.now - Self.timeBehind, fence: fence)
            return isDone ? Self.timeEvery : .milliseconds(10)
        }
    }
}
