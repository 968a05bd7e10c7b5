import Coordination
import Domain
import Foundation
import Logging
import Projection
import SearchIndex
import ServiceKit
import Storage
import Synchronization

/// One tenant's index in this instance, for as long as its settings stay what they are.
struct IndexTenant: Sendable {
    let parts: RunProjection.Parts
    let target: IndexTarget
    let state: ProjectionState
    let checks: CheckTimes
    let logger: Logger

    /// Runs until cancelled.
    func run() async {
        await repeating("index", logger: logger) {
            var parts = parts
            parts.whileHolding = { _, fence in await look(after: fence) }
            try await RunProjection(parts, state: state, logger: logger).run()
            return .seconds(1)
        }
    }

    /// What the holder does beside applying events: it sees to it that there is an index with all items in it, that the
    /// alias stands for it, and now and then that they agree.
    private func look(after fence: TermFence) async {
        let next = Mutex(Next(schedule: CheckSchedule(checks, now: .now), failures: state.snapshot.failures))
        await repeating("search index", logger: logger) {
            do {
                let serving = try await prepare(fence)
                let failures = state.snapshot.failures
                if next.withLock({ $0.isDue(failures: failures, serving: serving, at: .now) }) {
                    let began = ContinuousClock.now
                    try await check(fence)
                    let found = try await target.leftovers(fence)
                    // What is being made at one check is in use at the next.
                    let left = next.withLock { next in
                        defer { next.leftovers = found }
                        return next.leftovers.intersection(found)
                    }
                    try await target.remove(left)
                    next.withLock { $0.schedule.checked(since: began, now: .now) }
                }
                return min(checks.every, checks.grace, .seconds(5))
            } catch {
                next.withLock { $0.schedule.doubt(at: .now) }
                // The term is over; whoever holds now looks after it.
                if (error as? StorageError)?.code == .staleTerm { try await Task.sleep(for: .seconds(1)) }
                throw error
            }
        }
    }

    /// What is to be done next, and what was known when that was looked at last.
    private struct Next {
        var schedule: CheckSchedule
        var failures: Int
        var serving: String?
        var leftovers: Set<String> = []

        mutating func isDue(failures: Int, serving: String, at now: ContinuousClock.Instant) -> Bool {
            if self.failures != failures || self.serving != serving { schedule.doubt(at: now) }
            self.failures = failures
            self.serving = serving
            return schedule.isDue(at: now)
        }
    }

    /// Sees to it that there is an index with all items in it, and that the alias stands for it; returns its name.
    private func prepare(_ fence: TermFence) async throws -> String {
        var serving = try await target.control.held(fence.term).serving
        let aliased = try await target.indices()
        if serving.walked == nil, aliased == [serving.index] { return serving.index }
        serving = try await target.control.confirm(fence.term).serving
        if try await !target.isThere(serving) {
            logger.warning("the search index is gone; a new one is filled")
            let index = try await target.makeIndex()
            serving = try await target.control.update(fence.term) { $0.serving = index }.serving
        }
        if serving.walked != nil {
            // Until all items are in it PostgreSQL answers; no other index hears of events meanwhile.
            try await target.serve(nil)
            try await target.walk(fence, in: \.first)
            logger.notice("all items are in the search index")
        }
        try await target.serve(serving)
        return serving.index
    }

    private func check(_ fence: TermFence) async throws {
        // Neither what was passed over, as the feed no longer has it, nor what the server has forgotten is noted there.
        let reached = state.snapshot.position
        let found = try await CheckIndex(target: target, fence: fence, grace: checks.grace).run(now: .now)
        let event = try await parts.feed.page(after: reached - 1, limit: 1).events.first
        try await target.note(reached, event: event?.position == reached ? event?.id : nil, fence: fence)
        IndexMetrics.checked(found, tenant: parts.tenant)
        guard !found.isClean else { return }
        logger.warning(
            "the search index was mended",
            metadata: ["missing": "\(found.missing)", "stale": "\(found.stale)", "extra": "\(found.extra)"])
    }
}
