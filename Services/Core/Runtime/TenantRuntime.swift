import Coordination
import Domain
import Foundation
import Logging
import ServiceKit
import Storage
import Synchronization

/// Everything that one instance does for one tenant: the queues through which items are captured and changed, the lanes,
/// distribution, the agents who wait here, and, while the tenant's lease is held, its stewardship.
final class TenantRuntime: Sendable {
    let tenant: Int32
    let name: String
    /// Names the tenant's part of the folder of contents.
    let contentPlace: UUID
    let dependencies: CoreDependencies
    let lanes: LaneStore
    let queries: WorkItemQueries
    let waiting = WaitingAgents()
    let presence = PresenceBook()
    let laneConfiguration = LaneConfiguration()
    let reranking = RerankProgress()
    let quotas: Quotas
    let arrivals = ArrivalClock()
    let queueView = Fresh<QueueNumbers>()
    let queueGauges = QueueGauges()
    let mailGauges: MailGauges
    let stewardship = Stewardship()
    /// Raised when the relay has something to do.
    let committed = Signal()
    /// Raised when events have got their place in the feed.
    let placed = Signal()
    let textIndexed = TextIndexGauge()
    let searchServer = SearchServerAccess()
    /// Rings when the email service may have something new to learn.
    let mailNews = Bell()
    let logger: Logger
    private let currentSnapshot: Mutex<TenantSnapshot>
    private let queues = Mutex<Queues?>(nil)

    struct Queues: Sendable {
        let captures: BatchQueue<CaptureRequest, CaptureOutcome>
        let changes: BatchQueue<ChangeRequest, ChangeOutcome>
        let laneWork: BatchQueue<LaneWork, Void>
        let looks: BatchQueue<LookTrigger, Void>
        let acknowledgements: BatchQueue<Int64, Void>
        let offerLooks: BatchQueue<Int32, [WorkItem]>
        let announcements: BatchQueue<String, Void>
    }

    init(
        tenant: Int32, name: String, contentPlace: UUID, snapshot: TenantSnapshot, dependencies: CoreDependencies
    ) {
        self.tenant = tenant
        self.name = name
        mailGauges = MailGauges(tenant: name)
        self.contentPlace = contentPlace
        self.dependencies = dependencies
        var logger = dependencies.logger
        logger[metadataKey: "tenant"] = "\(name)"
        self.logger = logger
        lanes = LaneStore(
            redis: dependencies.redis, keyPrefix: dependencies.redisPrefix, tenant: tenant, logger: logger)
        quotas = Quotas(
            redis: dependencies.redis, keyPrefix: "{\(dependencies.redisPrefix)t\(tenant)}",
            fallback: dependencies.defaultQuota)
        queries = WorkItemQueries(pool: dependencies.pool, tenant: tenant)
        currentSnapshot = Mutex(snapshot)
        let made = makeQueues()
        queues.withLock { $0 = made }
    }

    /// The configuration in force.
    var snapshot: TenantSnapshot {
        get { currentSnapshot.withLock { $0 } }
        set {
            currentSnapshot.withLock { current in
                if newValue.version >= current.version { current = newValue }
            }
            mailNews.ring()
        }
    }

    var captures: BatchQueue<CaptureRequest, CaptureOutcome> { present.captures }
    var changes: BatchQueue<ChangeRequest, ChangeOutcome> { present.changes }

    var announcements: BatchQueue<String, Void> { present.announcements }
    func postLaneWork(_ work: LaneWork) { present.laneWork.post(work) }
    func acknowledge(_ batch: Int64) { present.acknowledgements.post(batch) }

    private var present: Queues {
        guard let queues = queues.withLock({ $0 }) else { preconditionFailure("set in init") }
        return queues
    }

    /// Asks distribution to look.
    func look(at triggers: some Sequence<LookTrigger>) {
        for trigger in triggers { present.looks.post(trigger) }
    }

    /// `next`: the best item for an agent who asks; nil when there is none.
    func pull(for agent: Int32, answerKey: AnswerKey?) async throws -> ChangeOutcome? {
        // What was answered before the agent asked may still be on its way to the lanes, or come there while they are looked at.
        let wasBusy = present.laneWork.isBusy
        let first = try await distribute.pull(for: agent, answerKey: answerKey, in: snapshot, at: .now)
        look(at: first.again)
        guard first.outcome == nil, await present.laneWork.settle() || wasBusy else { return first.outcome }
        let second = try await distribute.pull(for: agent, answerKey: answerKey, in: snapshot, at: .now)
        look(at: second.again)
        return second.outcome
    }

    /// The offers that stand for an agent; looks of many agents at the same time share a query.
    func openOffers(for agent: Int32) async throws -> [WorkItem] { try await present.offerLooks.submit(agent) }

    /// Runs until cancelled.
    func run() async {
        let queues = present
        await withDiscardingTaskGroup { group in
            group.addTask { await queues.captures.run(workers: 2) }
            // One writer: batches touch most agents, so two would wait for each other's rows.
            group.addTask { await queues.changes.run() }
            group.addTask { await queues.laneWork.run(workers: 2) }
            group.addTask { await queues.looks.run(workers: 2) }
            group.addTask { await queues.acknowledgements.run() }
            group.addTask { await queues.offerLooks.run(workers: 2) }
            group.addTask { await self.watchOffers() }
            group.addTask { await self.keepPresence() }
            group.addTask { await self.stand() }
        }
        waiting.close()
    }

    /// Stands for the tenant's lease; its holder is the steward.
    private func stand() async {
        await repeating("lease", logger: logger) {
            let elector = try Elector(
                ElectorConfiguration(
                    name: "tenant:\(tenant)", holder: dependencies.instance, keyPrefix: dependencies.redisPrefix,
                    timeToLive: dependencies.leaseTime),
                client: dependencies.redis, subscriber: dependencies.subscriber, logger: logger
            ) { [self] in
                try await dependencies.pool.nextTerm("tenant:\(tenant)", holder: dependencies.instance)
            }
            try await elector.run { term in
                self.stewardship.isHeld = true
                defer { self.stewardship.isHeld = false }
                await TenantSteward(runtime: self, term: term).run()
            }
            return .milliseconds(100)
        }
    }
}
