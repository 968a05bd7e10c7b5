import Coordination
import Domain
import Logging
import ServiceKit
import Storage

/// What the holder does in its term: applies events in the order of their positions, until the term is lost.
struct HoldProjection: Sendable {
    let parts: RunProjection.Parts
    let term: LeaseTerm
    let fence: TermFence
    let intake: TenantIntake
    let state: ProjectionState
    let metrics: ProjectionMetrics
    let logger: Logger
    /// Held while something is applied, and while a rebuilt target takes its place.
    let applying = AsyncGate()
    private let missing = AsyncWake()
    private let start = ContinuousClock.now

    init(
        parts: RunProjection.Parts, term: LeaseTerm, fence: TermFence, intake: TenantIntake, state: ProjectionState,
        metrics: ProjectionMetrics, logger: Logger
    ) {
        self.parts = parts
        self.term = term
        self.fence = fence
        self.intake = intake
        self.state = state
        self.metrics = metrics
        self.logger = logger
    }

    private static let checkEvery = Duration.seconds(20)

    private var now: Duration { ContinuousClock.now - start }

    /// Runs until the term is lost or the task cancelled. Applying goes on while the feed is asked: the topic may bring
    /// what comes next.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.applyInTurn() }
            group.addTask { await self.askWhenMissing() }
            // A newer term exists, or the term is over.
            await group.next()
            group.cancelAll()
        }
    }

    /// What fails is tried again from the progress that is stored.
    private func applyInTurn() async {
        var failures = 0
        var isPlaced = false
        var history = HistoryCheck()
        var checked = now
        while !Task.isCancelled, term.isTrusted {
            do {
                let isFirst = !isPlaced
                if isFirst {
                    let progress = try await parts.target.progress()
                    // Servers that were away may have been restored; what waits here is then of another history.
                    let isAnew = failures > 0
                    intake.with { $0.restart(at: progress, anew: isAnew) }
                    intake.place()
                    state.update { $0.missed = progress.missed }
                    history.expect(progress)
                    isPlaced = true
                    checked = now
                } else if now - checked > Self.checkEvery {
                    // A database may be restored while this goes on.
                    history.expect(try await standing())
                    checked = now
                }
                let end = try await history.check(parts.feed, logger: logger)
                if isFirst, let end { intake.with { $0.discard(beyond: end) } }
                switch intake.with({ $0.step(at: now) }) {
                case .apply(let run):
                    // The feed's next page comes meanwhile.
                    if intake.with({ $0.readsFeed }) { missing.wake() }
                    try await apply(run)
                case .ask:
                    missing.wake()
                    await intake.wait(atMost: .seconds(1))
                case .wait(let duration): await intake.wait(atMost: duration)
                }
                if failures > 0 {
                    logger.notice("works again")
                    state.update { $0.problem = nil }
                }
                failures = 0
            } catch {
                if Task.isCancelled { return }
                if Self.isLost(error) {
                    logger.notice("another instance holds the lease", metadata: ["term": "\(term.number)"])
                    return
                }
                isPlaced = false
                failures += 1
                metrics.failed()
                let message = "\(error)"
                let isNew = state.snapshot.problem != message
                state.update {
                    $0.problem = message
                    $0.failures += 1
                }
                if isNew { logger.warning("cannot go on, will be tried again", metadata: ["error": "\(message)"]) }
                try? await Task.sleep(for: .milliseconds(min(5000, 50 << min(failures, 7))))
            }
        }
    }

    /// Reads how far the target is once more. A server that crashed may have lost what it took last, and a target may have
    /// been restored; then it goes on from there, be it that nothing more happens.
    private func standing() async throws -> ProjectionProgress {
        try await applying.enter()
        defer { applying.leave() }
        let progress = try await parts.target.progress()
        if progress.position + parts.target.unnoted < intake.with(\.stored) {
            logger.notice("the target has lost what was applied last; it is applied again")
            intake.with { $0.restart(at: progress) }
        }
        state.update { $0.missed = progress.missed }
        return progress
    }

    /// Asks the feed for what neither has come nor seems to come; page after page while far behind.
    private func askWhenMissing() async {
        await repeating("feed", logger: logger, longestPause: .seconds(2)) {
            await missing.wait(atMost: .seconds(60))
            while let position = intake.with({ $0.question(at: now) }), !Task.isCancelled {
                defer { intake.interrupt() }
                metrics.asked()
                do {
                    let page = try await parts.feed.page(after: position, limit: intake.with { $0.pageSize })
                    let hole = intake.with { $0.answered(page, after: position, at: now) }
                    if hole > 0 { passedOver(hole, after: position) }
                    tellDistance()
                } catch {
                    intake.with { $0.notAnswered(at: now) }
                    throw error
                }
            }
            return .zero
        }
    }

    private func passedOver(_ hole: Int64, after position: Int64) {
        metrics.passedOver(hole)
        logger.error(
            "the feed no longer holds events that were not applied; they are passed over",
            metadata: ["events": "\(hole)", "after": "\(position)"])
    }

    private func apply(_ run: [PendingEvent]) async throws {
        var events: [ProjectedEvent] = []
        events.reserveCapacity(run.count)
        for pending in run {
            do throws(ProjectionError) {
                let event = try pending.event()
                guard event.position == pending.position else {
                    throw ProjectionError(.malformedEvent, "a message's position is said twice")
                }
                events.append(event)
            } catch {
                // What a topic holds may be anybody's; the feed's word counts.
                guard pending.partition != nil else { throw error }
                logger.warning("a message cannot be read; it is taken from the feed", metadata: ["error": "\(error)"])
                intake.with { $0.discard(pending.position) }
                break
            }
        }
        guard let last = events.last else { return }
        let taken = Array(run.prefix(events.count))
        let progress = intake.with { $0.progress(after: taken, lastId: last.id) }
        try await applying.enter()
        defer { applying.leave() }
        try term.requireTrust()
        let began = ContinuousClock.now
        let stored = intake.with(\.stored)
        try await parts.target.apply(events, after: stored, progress: progress, fence: fence)
        intake.with { $0.applied(taken) }
        intake.noteApplied(true)
        let fromTopic = taken.count { $0.partition != nil }
        metrics.applied(topic: fromTopic, feed: taken.count - fromTopic, in: ContinuousClock.now - began)
        tellDistance()
        state.update { $0.applied += Int64(taken.count) }
        if events[0].position > stored + 1, let now = try? await parts.target.progress() {
            state.update { $0.missed = now.missed }
        }
    }

    private func tellDistance() {
        let isFar = intake.with(\.readsFeed)
        state.update { $0.isFarBehind = isFar }
    }

    /// Whether the term is over for good.
    private static func isLost(_ error: any Error) -> Bool {
        (error as? StorageError)?.code == .staleTerm || (error as? CoordinationError)?.code == .leaseLost
    }
}
