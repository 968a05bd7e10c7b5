import Coordination
import Domain
import Logging
import ServiceKit
import Storage

/// One tenant's projection in one instance of a hot standby: both instances read the topics and keep what waits; the one
/// that is elected applies it to the target, and the other begins exactly where that one left off.
public struct RunProjection: Sendable {
    /// What a projection is made of.
    public struct Parts: Sendable {
        /// The kind of projection, a constant: `mart`, `search`. Goes into the lease's name and the metrics.
        public var name: String
        /// The tenant's name.
        public var tenant: String
        /// What is written into.
        public var target: any ProjectionTarget
        /// The complete way.
        public var feed: any EventFeedSource
        /// The quick way; nil reads the feed alone.
        public var topics: ReadTopics?
        /// Elects the holder.
        public var redis: RedisClient
        /// Lets a standby take over at once.
        public var subscriber: RedisSubscriber?
        /// Before every key in Redis.
        public var redisPrefix: String
        /// This instance's name.
        public var instance: String
        /// How long a lease outlives its holder.
        public var leaseTime: Duration
        /// Bounds of what waits.
        public var limits = ReorderBuffer.Limits()
        /// Runs beside applying while this instance holds: jobs of the target. Cancelled with the term.
        public var whileHolding: @Sendable (LeaseTerm, TermFence) async -> Void = { _, _ in }

        /// Parts; see the members.
        public init(
            name: String, tenant: String, target: any ProjectionTarget, feed: any EventFeedSource, topics: ReadTopics?,
            redis: RedisClient, subscriber: RedisSubscriber?, redisPrefix: String, instance: String,
            leaseTime: Duration = .seconds(3)
        ) {
            self.name = name
            self.tenant = tenant
            self.target = target
            self.feed = feed
            self.topics = topics
            self.redis = redis
            self.subscriber = subscriber
            self.redisPrefix = redisPrefix
            self.instance = instance
            self.leaseTime = leaseTime
        }

        /// The lease's name, in Redis and in the target's database.
        public var lease: String { "\(name):\(tenant)" }
    }

    /// How it fares.
    public let state: ProjectionState
    private let parts: Parts
    private let intake: TenantIntake
    private let metrics: ProjectionMetrics
    private let logger: Logger

    /// - Parameter state: where it tells how it fares.
    public init(_ parts: Parts, state: ProjectionState = ProjectionState(), logger: Logger) {
        self.parts = parts
        self.state = state
        var logger = logger
        logger[metadataKey: "projection"] = "\(parts.name)"
        logger[metadataKey: "tenant"] = "\(parts.tenant)"
        self.logger = logger
        intake = TenantIntake(tenant: parts.tenant, limits: parts.limits)
        metrics = ProjectionMetrics(projection: parts.name, tenant: parts.tenant)
    }

    /// Runs until the task is cancelled. A lease that is held is released at the end, and the standby takes over at once.
    /// - Throws: `CoordinationError` when the lease's settings make no sense.
    public func run() async throws {
        let target = parts.target
        let instance = parts.instance
        let elector = try Elector(
            ElectorConfiguration(
                name: parts.lease, holder: instance, keyPrefix: parts.redisPrefix, timeToLive: parts.leaseTime),
            client: parts.redis, subscriber: parts.subscriber, logger: logger,
            nextTerm: { try await target.nextTerm(holder: instance) })
        parts.topics?.add(intake)
        defer { parts.topics?.remove(intake) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.standBy() }
            group.addTask {
                while !Task.isCancelled {
                    do {
                        try await elector.run { term in await self.hold(term) }
                    } catch {
                        self.logger.warning("the holder failed", metadata: ["error": "\(error)"])
                    }
                }
            }
            await group.waitForAll()
        }
    }

    /// Follows what the holder has stored, so that what waits here is what comes next.
    private func standBy() async {
        while !Task.isCancelled {
            if !state.snapshot.isHolder {
                do {
                    let progress = try await parts.target.progress()
                    // Elected meanwhile: the holder has the buffer to itself.
                    if !state.snapshot.isHolder {
                        intake.with { $0.follow(progress) }
                        intake.place()
                        state.update {
                            $0.problem = nil
                            $0.missed = progress.missed
                        }
                    }
                } catch {
                    state.update { $0.problem = "\(error)" }
                }
            }
            tell()
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func hold(_ term: LeaseTerm) async {
        state.update {
            $0.isHolder = true
            $0.term = term.number
            $0.appliedBefore = $0.applied
        }
        defer {
            intake.noteApplied(false)
            state.update {
                $0.isHolder = false
                $0.isFarBehind = false
                $0.term = nil
                $0.rebuilding = nil
                $0.postponed = nil
            }
            tell()
        }
        let fence = TermFence(lease: parts.lease, term: term.number)
        let holder = HoldProjection(
            parts: parts, term: term, fence: fence, intake: intake, state: state, metrics: metrics, logger: logger)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await holder.run()
                return true
            }
            group.addTask {
                await parts.whileHolding(term, fence)
                return false
            }
            if let target = parts.target as? any RebuildableTarget {
                group.addTask {
                    await holder.rebuildWhenAsked(target)
                    return false
                }
            }
            // A newer term exists, or the term is over: whatever runs beside ends with it.
            while let isOver = await group.next(), !isOver {}
            group.cancelAll()
        }
    }

    private func tell() {
        let now = Instant.now
        let (position, lag, oldest) = intake.with { ($0.position, $0.lag, $0.oldestWaiting) }
        state.update {
            $0.position = position
            $0.lag = lag
            $0.lagMilliseconds = lag == 0 ? 0 : max(0, oldest.map { now - $0 } ?? $0.lagMilliseconds)
        }
        metrics.stands(state.snapshot)
    }
}
