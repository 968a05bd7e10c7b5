import CRdKafka
import Logging
import Threads

/// The thread of a consumer or reader: takes the library's events, hands batches over, commits what was handled, and
/// gives partitions up in good order. The logic lies in `ConsumerProgress` and `LogContinuity`.
struct ConsumerLoop: ~Copyable {
    /// What the loop serves.
    enum Role: Sendable {
        /// A member of a group: partitions come and go, offsets are committed.
        case member
        /// Fixed partitions from given offsets, without a group. `startsOver`: at a broken log, read the new one from
        /// its beginning instead of ending with an error.
        case reader(start: [TopicPartition: Int64], startsOver: Bool)
    }

    struct Plan: Sendable {
        var role: Role
        var settings: ClientSettings
        var connection: KafkaConfiguration
        var topics: [TopicSpecification]
        var maximumBatch: BatchLimit
        var finishWithin: UInt64
        var retryAfter: UInt64
        var retryAtMost: UInt64
        var commitInterval: UInt64
        var measure: MeasurementSink?
        var logger: Logger
    }

    /// Partitions that the group wants back, to be given up when the handler is done with them or at the bound.
    struct Revocation {
        var partitions: [TopicPartition]
        var bound: UInt64
    }

    /// While enough messages are waiting, the queue is looked into this often: behind the messages there may be a
    /// rebalance, and the group wants to see us polling.
    static let peekInterval: UInt64 = 100_000_000

    let plan: Plan
    let mailbox: ConsumerMailbox
    let client: RdKafkaClient
    var progress = ConsumerProgress()
    var continuity = LogContinuity()
    var reader = MessageReader()
    var revocation: Revocation?
    var isPaused = false
    var peekAt: UInt64 = 0
    /// No new batch before this, because a rebalance is known to be coming.
    var holdUntil: UInt64 = 0
    var commitUnderWay: [TopicPartition: Int64]?
    var commitAt: UInt64 = 0
    var creationPending = false
    var createAt: UInt64?
    var hasJoined = false
    var closingBound: UInt64?
    var failure: MessagingError?

    init(_ plan: Plan, _ mailbox: ConsumerMailbox, _ client: RdKafkaClient) {
        self.plan = plan
        self.mailbox = mailbox
        self.client = client
        createAt = Monotonic.now()
    }

    /// Runs until the consumer is closed or cannot go on.
    static func start(_ plan: Plan, _ mailbox: ConsumerMailbox) {
        OwnedThread.startOrTrap {
            do throws(MessagingError) {
                let client = try RdKafkaClient(.consumer, plan.settings)
                mailbox.attach(client)
                ConsumerLoop(plan, mailbox, client).run()
            } catch {
                mailbox.finish(error)
            }
        }
    }

    consuming func run() {
        while step() {}
        leave()
        mailbox.attach(nil)
        client.destroy(plan.logger)
        mailbox.finish(failure)
    }

    private mutating func step() -> Bool {
        // In this order: looking for answers uses up a wake-up, which may have been the handler's.
        serveAnswers(0)
        takeOutcome()
        let now = Monotonic.now()
        createTopics(now)
        settleRevocation(now)
        commit(now)
        pauseOrResume()
        if failure != nil || mayClose(now) { return false }
        hand(now)
        fetch(Monotonic.now())
        return true
    }

    // MARK: The handler

    private mutating func takeOutcome() {
        let outcome = mailbox.takeOutcome()
        guard case .some(let batch) = progress.inHand, let since = batch.runningSince else { return }
        let now = Monotonic.now()
        switch outcome {
        case .none: return
        case .succeeded:
            plan.measure?(.handled(messages: batch.messages.count, nanoseconds: now - since))
            progress.succeeded()
        case .failed(let error):
            plan.measure?(.handlerFailed(messages: batch.messages.count))
            let pause = min(plan.retryAtMost, plan.retryAfter << UInt64(min(batch.attempt - 1, 20)))
            plan.logger.warning(
                "Kafka batch failed and will be tried again",
                metadata: [
                    "attempt": .stringConvertible(batch.attempt), "messages": .stringConvertible(batch.messages.count),
                    "first": .string("\(batch.messages[0].topicPartition)@\(batch.messages[0].offset)"),
                    "milliseconds": .stringConvertible(pause / 1_000_000), "error": .string("\(error)"),
                ])
            progress.failed(retryAt: now + pause)
        }
    }

    private mutating func hand(_ now: UInt64) {
        guard revocation == nil, closingBound == nil, now >= holdUntil, mailbox.hasTaker,
            let batch = progress.take(atMost: plan.maximumBatch, now: now)
        else { return }
        plan.measure?(.received(messages: batch.messages.count))
        mailbox.give(batch)
    }

    // MARK: Fetching

    private var isHungry: Bool { !progress.isWaiting(for: 1, of: plan.maximumBatch) }

    /// Waits for the next event and takes what else is there. What the handler does not keep up with stays in the
    /// library's queue, which is bounded, so that it need not be fetched again; only one message now and then is taken
    /// to see what is behind it. A handler that falls far behind gets its partitions paused.
    private mutating func fetch(_ now: UInt64) {
        let timeout = timeUntilNextDuty(now)
        // While partitions are being given up nothing is fetched, and the library holds the group's next step.
        guard revocation == nil else {
            serveAnswers(timeout)
            return
        }
        guard isHungry || isPaused else {
            serveAnswers(min(timeout, Monotonic.milliseconds(until: peekAt, from: now, limit: 100)))
            let now = Monotonic.now()
            if now >= peekAt {
                peekAt = now + Self.peekInterval
                if let event = client.poll(0) { handle(event) }
            }
            return
        }
        let canHand = progress.inHand == nil && !progress.waiting.isEmpty && now >= holdUntil && mailbox.hasTaker
        var wait = canHand ? 0 : timeout
        while let event = client.poll(wait) {
            handle(event)
            wait = 0
            if revocation != nil || failure != nil || !(isHungry || isPaused) { break }
        }
        peekAt = Monotonic.now() + Self.peekInterval
    }

    private func timeUntilNextDuty(_ now: UInt64) -> Int32 {
        var next = now + 500_000_000
        if holdUntil > now { next = min(next, holdUntil) }
        if let createAt, !creationPending { next = min(next, createAt) }
        if let revocation { next = min(next, revocation.bound) }
        if let closingBound { next = min(next, closingBound) }
        if case .member = plan.role, !progress.commitsDue.isEmpty, commitUnderWay == nil { next = min(next, commitAt) }
        if commitUnderWay != nil { next = min(next, now + 100_000_000) }
        if let batch = progress.inHand, batch.runningSince == nil { next = min(next, batch.retryAt) }
        return Monotonic.milliseconds(until: next, from: now, limit: 500)
    }

    private mutating func pauseOrResume() {
        if progress.isWaiting(for: 2, of: plan.maximumBatch) {
            setPaused(true)
        } else if isHungry {
            setPaused(false)
        }
    }

    /// Stops or starts fetching for all our partitions.
    mutating func setPaused(_ pause: Bool) {
        guard pause != isPaused, !progress.owned.isEmpty else { return }
        isPaused = pause
        _ = withPartitionList(Array(progress.owned.keys)) { list in
            pause ? rd_kafka_pause_partitions(client.handle, list) : rd_kafka_resume_partitions(client.handle, list)
        }
    }

    // MARK: The end

    /// True when everything in hand is finished, or the bound has passed.
    private mutating func mayClose(_ now: UInt64) -> Bool {
        guard mailbox.isClosing else { return false }
        let bound = closingBound ?? now + plan.finishWithin
        closingBound = bound
        progress.abandonRetry()
        return progress.inHand == nil || now >= bound
    }
}
