import Coordination
import Domain
import Foundation
import Logging
import ServiceKit
import Storage

/// What one instance at a time does for a tenant, while it holds the tenant's lease: relay the outbox, let time act,
/// keep lanes and agents true, rank anew after a configuration, tell sources, and clear away what is too old.
///
/// Each part repeats by itself and a failing one does not stop the others. Effects that depend on being alone carry the
/// lease's term into their transaction; all others are decided again on the locked row.
struct TenantSteward: Sendable {
    let runtime: TenantRuntime
    let term: LeaseTerm

    private var logger: Logger { runtime.logger }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await part("relay", relay) }
            group.addTask { await part("timers", timers) }
            group.addTask { await part("lanes", keepLanes) }
            group.addTask { await part("sweep", sweep) }
            group.addTask { await part("presence", presence) }
            group.addTask { await part("re-ranking", rerank) }
            group.addTask { await part("status", tellSources) }
            group.addTask { await part("retention", clearAway) }
            group.addTask { await part("files of contents", clearContentFiles) }
            group.addTask { await part("search index", indexText) }
            group.addTask { await part("search repair", repairText) }
            group.addTask { await part("emails in hand", giveUpEmails) }
            group.addTask { await part("emails without a mailbox", tellWaitingEmails) }
            group.addTask { await part("gauges", readGauges) }
        }
        runtime.queueGauges.set([:])
        runtime.mailGauges.clear()
        runtime.textIndexed.note(behind: 0)
    }

    private var fence: TermFence { TermFence(lease: term.name, term: term.number) }

    private func part(_ name: String, _ step: @Sendable () async throws -> Duration) async {
        await repeating(name, logger: logger) {
            try term.requireTrust()
            return try await step()
        }
    }

    private func relay() async throws -> Duration {
        let relay = RelayEvents(
            pool: runtime.dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name,
            producer: runtime.dependencies.producer, topics: runtime.dependencies.topics, fence: fence)
        let done = try await relay.step()
        if done.placed > 0 { runtime.placed.raise() }
        if done.placed == 0, done.published == 0 {
            // Commits of other instances raise no signal here.
            await runtime.committed.wait(atMost: .milliseconds(200))
        }
        // Each step is two commits: under load a short pause makes them carry more.
        return done.published < Self.relayedAtOnce ? Self.relayPause : .zero
    }

    /// Activation, missed offers, autocomplete, ends of preference and of rest.
    private func timers() async throws -> Duration {
        let due = try await runtime.queries.due(at: .now, limit: 1000)
        let requests = due.map {
            ChangeRequest(reference: .id($0.id), command: .timer, actor: .timer, likelyAgent: $0.assignee)
        }
        try await runtime.change(requests)
        return due.count == 1000 ? .zero : .milliseconds(200)
    }

    /// Rebuilds the lanes when Redis is another one or was emptied.
    private func keepLanes() async throws -> Duration {
        let rebuild = RebuildLanes(lanes: runtime.lanes, queries: runtime.queries) { runtime.look(at: $0) }
        if try await runtime.lanes.needsRebuild() {
            let begin = ContinuousClock.now
            let snapshot = runtime.snapshot
            guard let count = try await rebuild.rebuild(term: term.number, in: snapshot) else { return .zero }
            logger.notice(
                "lanes rebuilt",
                metadata: ["items": "\(count)", "seconds": "\((ContinuousClock.now - begin).seconds)"])
            runtime.laneConfiguration.note(snapshot.version, term: term.number)
            try await lookEverywhere()
        } else if !runtime.laneConfiguration.isCurrent(runtime.snapshot.version, term: term.number) {
            // A configuration was applied, or this is a new steward: agents, curves and limits are put once.
            let snapshot = runtime.snapshot
            try await rebuild.putConfiguration(snapshot)
            let found = try await ResyncAgents(lanes: runtime.lanes, queries: runtime.queries)
                .perform(in: snapshot, at: .now)
            runtime.laneConfiguration.note(snapshot.version, term: term.number)
            runtime.look(at: found)
        }
        return .milliseconds(500)
    }

    /// Events that fill a step of the relay, so that another follows without a pause.
    private static let relayedAtOnce = 500
    private static let relayPause = Duration.milliseconds(10)

    private func lookEverywhere() async throws {
        let lanes = try await runtime.lanes.counts().filter { $0.size > 0 }.map(\.lane)
        runtime.look(at: lanes.map { .lane($0) })
        let limited = Set(lanes.map(\.endpoint)).filter { runtime.snapshot.endpoints[$0]?.limit != nil }
        runtime.look(at: limited.map { .limited($0) })
    }

    /// What was lost on its way to Redis, and looks that came to nothing.
    private func sweep() async throws -> Duration {
        let now = Instant.now
        runtime.look(at: try await runtime.sweep.repair(olderThan: 2000, at: now, in: runtime.snapshot))
        runtime.look(at: try await runtime.sweep.settleReservations(at: now))
        let step = try await runtime.sweep.goRound(after: runtime.stewardship.sweptTo)
        runtime.stewardship.sweptTo = step.last
        runtime.look(at: step.triggers)
        try await lookEverywhere()
        return .seconds(2)
    }

    private func presence() async throws -> Duration {
        try await WatchPresence(runtime: runtime).step(at: .now)
        return .seconds(1)
    }

    private func rerank() async throws -> Duration {
        try await RerankQueued(runtime: runtime).step()
    }

    private func tellSources() async throws -> Duration {
        await TellSources(runtime: runtime, fence: fence) { try term.requireTrust() }.run()
        return .zero
    }

    /// Writes what is searched, behind the events that tell of it. Under load a pause lets a step carry more, and lets items
    /// that change again soon be written once.
    private func indexText() async throws -> Duration {
        let step = try await textIndex.step()
        runtime.textIndexed.note(behind: step.behind)
        guard !step.more else { return Self.relayPause }
        await runtime.placed.wait(atMost: .seconds(1))
        return .milliseconds(100)
    }

    private func repairText() async throws -> Duration {
        try await Task.sleep(for: .seconds(600))
        let found = try await textIndex.repair()
        if found.gone + found.missing > 0 {
            logger.warning(
                "words of items were mended", metadata: ["gone": "\(found.gone)", "missing": "\(found.missing)"])
        }
        return .seconds(3000)
    }

    private var textIndex: IndexText {
        IndexText(pool: runtime.dependencies.pool, tenant: runtime.tenant, fence: fence)
    }

    private func giveUpEmails() async throws -> Duration {
        try await SendEmails.giveUp(runtime, at: .now)
        return .seconds(30)
    }

    private func tellWaitingEmails() async throws -> Duration {
        try await QueuedWithoutMailbox(runtime: runtime).step(at: .now) ? .zero : .seconds(3)
    }

    private func readGauges() async throws -> Duration {
        runtime.queueGauges.set(try await QueueView(runtime: runtime).gauges(at: .now))
        runtime.mailGauges.set(try await OutboundCounts.read(runtime, at: .now))
        return .seconds(5)
    }

    private func clearAway() async throws -> Duration {
        let more = try await ClearAway(pool: runtime.dependencies.pool, tenant: runtime.tenant)
            .step(in: runtime.snapshot, at: .now)
        runtime.stewardship.cleared.raise()
        if more { return .milliseconds(100) }
        try await runtime.lanes.pruneEmptyLanes()
        return .seconds(60)
    }

    /// Files of contents that are gone, at once; those that nothing knows of in a round through the folder every hour.
    private func clearContentFiles() async throws -> Duration {
        let clear = ClearContentFiles(store: ContentStore(runtime))
        try await clear.removeGone()
        guard let last = runtime.stewardship.contentRound.place else {
            await runtime.stewardship.cleared.wait(atMost: .seconds(60))
            return .zero
        }
        let step = try await clear.sweep(after: last, at: .now)
        if step.removed > 0 {
            logger.notice("files that belong to no content were removed", metadata: ["files": "\(step.removed)"])
        }
        runtime.stewardship.contentRound.note(step.last)
        return .milliseconds(20)
    }
}

extension Duration {
    /// Seconds with fraction.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
