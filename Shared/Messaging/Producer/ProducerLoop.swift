import CRdKafka
import Logging

/// The producer's own thread: takes delivery reports, keeps topics in being, replaces the library's producer when it
/// can no longer go on, and lets sends go whose time is over.
struct ProducerLoop: ~Copyable {
    private let lane: ProducerLane
    private let logger: Logger
    private let specifications: [String: TopicSpecification]
    private var lastProgress = Monotonic.now()
    private var creationPending = false
    private var createAt: UInt64?
    private var renewAt: UInt64?
    private var renewPause: UInt64 = 0

    init(_ lane: ProducerLane) {
        self.lane = lane
        logger = lane.logger
        specifications = Dictionary(
            lane.configuration.topics.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    consuming func run() {
        while step() {}
        finish()
        lane.ended.open()
    }

    private mutating func step() -> Bool {
        guard let client = lane.state.withLock({ $0.client }) else { return false }
        var timeout: Int32 = 100
        while let event = client.poll(timeout) {
            handle(event)
            timeout = 0
            // Only now, with the event gone, is there room again in a full queue.
            lane.pump()
        }
        while let event = client.pollAnswers(0) { handle(event) }
        let now = Monotonic.now()
        expire(now)
        watch(now)
        if renewAt.map({ $0 <= now }) ?? false { return renew(client) }
        createTopics(client, now)
        return !mayEnd()
    }

    // MARK: Events

    private mutating func handle(_ event: consuming RdKafkaEvent) {
        switch event.type {
        case RD_KAFKA_EVENT_DR: takeReports(event)
        case RD_KAFKA_EVENT_LOG: event.log(to: logger)
        case RD_KAFKA_EVENT_CREATETOPICS_RESULT: takeCreation(event)
        case RD_KAFKA_EVENT_ERROR:
            if event.isFatal {
                logger.warning(
                    "Kafka producer cannot go on, replacing it",
                    metadata: ["error": .string(errorName(event.error)), "detail": .string(event.errorText)])
                scheduleRenewal()
            } else if Self.isConnectionTrouble(event.error) {
                lane.configuration.measure?(.connectionFailed)
                // A broker that comes back may have forgotten its topics.
                createAt = createAt ?? Monotonic.now()
            }
        default: break
        }
    }

    private static func isConnectionTrouble(_ code: rd_kafka_resp_err_t) -> Bool {
        code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN
            || code == RD_KAFKA_RESP_ERR__RESOLVE
    }

    private mutating func takeReports(_ event: borrowing RdKafkaEvent) {
        var again = false
        var progress = false
        let reports = DeliveryReports(event)
        let settled = lane.state.withLock { state in
            var settled: [ProducerLane.Settled] = []
            for (token, outcome) in reports {
                switch outcome {
                case .delivered: progress = true
                case .failed: break
                case .again:
                    // Nothing may overtake what has to be sent again.
                    again = true
                    state.mayProduce = false
                }
                if let send = state.ledger.reported(token, outcome) { settled.append(ProducerLane.outcome(of: send)) }
            }
            return settled
        }
        if progress {
            lastProgress = Monotonic.now()
            renewPause = 0
        }
        lane.resume(settled)
        if again { scheduleRenewal() }
    }

    // MARK: Topics

    private mutating func createTopics(_ client: RdKafkaClient, _ now: UInt64) {
        guard !creationPending else { return }
        let (wanted, known) = lane.state.withLock { ($0.wantedTopics, $0.knownTopics) }
        if let createAt, createAt > now { return }
        let names = createAt == nil ? wanted : wanted.union(known)
        guard lane.configuration.connection.createsTopics, !names.isEmpty else {
            createAt = nil
            return
        }
        let refused = TopicCreation.request(
            names.sorted().map { specifications[$0] ?? lane.configuration.connection.defaultSpecification($0) },
            on: client, timeoutMilliseconds: 5000)
        createAt = nil
        creationPending = refused.count < names.count
        guard !refused.isEmpty else { return }
        // Names that no broker takes: let the messages find that out one by one.
        for error in refused.values {
            logger.error("Kafka topic cannot be created", metadata: ["error": .string(error.description)])
        }
        allow(Set(refused.keys))
    }

    private mutating func takeCreation(_ event: borrowing RdKafkaEvent) {
        creationPending = false
        guard let answers = TopicCreation.answer(event) else {
            createAt = Monotonic.now() + 200_000_000
            return
        }
        for (name, answer) in answers {
            switch answer {
            case .created: logger.info("Kafka topic created", metadata: ["topic": .string(name)])
            case .existed: break
            case .refused(let cause):
                logger.warning(
                    "Kafka topic was not created", metadata: ["topic": .string(name), "error": .string(cause)])
            }
        }
        allow(Set(answers.keys))
    }

    private func allow(_ names: Set<String>) {
        lane.state.withLock { state in
            state.knownTopics.formUnion(names)
            state.wantedTopics.subtract(names)
            if state.wantedTopics.isEmpty, !state.mustRenew { state.mayProduce = true }
        }
        lane.pump()
    }

    // MARK: Time

    private mutating func expire(_ now: UInt64) {
        let (overdue, leftBehind) = lane.state.withLock { state in
            let sends = state.ledger.remove { $0.deadline <= now }
            let leftBehind = sends.contains { $0.underWay > 0 }
            let overdue = sends.map { send in
                let undelivered = send.undelivered
                return ProducerLane.Settled(
                    continuation: send.continuation,
                    failure: .overdue(trouble: send.failure ?? send.lastTrouble, undelivered: undelivered),
                    messages: send.messages.count, undelivered: undelivered.count, started: send.started)
            }
            return (overdue, leftBehind)
        }
        // What nobody waits for any more must not linger in the library and be stored hours later.
        if leftBehind { scheduleRenewal() }
        lane.resume(overdue)
    }

    /// Replaces the library's producer when messages are under way and nothing has been confirmed for long.
    private mutating func watch(_ now: UInt64) {
        let (underWay, mustRenew) = lane.state.withLock { ($0.ledger.underWay, $0.mustRenew) }
        if underWay == 0 { lastProgress = now }
        if mustRenew || now - lastProgress > lane.configuration.stallTimeout.nanoseconds { scheduleRenewal() }
    }

    private mutating func scheduleRenewal() {
        guard renewAt == nil else { return }
        lane.state.withLock { state in
            state.mustRenew = true
            state.mayProduce = false
        }
        renewAt = Monotonic.now() + renewPause
        renewPause = min(max(renewPause * 2, 100_000_000), 5_000_000_000)
    }

    // MARK: A new producer, and the end

    /// Takes everything back from the library's producer, destroys it and goes on with a fresh one: topics first, then
    /// the messages in their old order.
    private mutating func renew(_ client: RdKafkaClient) -> Bool {
        retire(client)
        lane.configuration.measure?(.producerRenewed)
        logger.notice("Kafka producer replaced")
        let fresh: RdKafkaClient
        do throws(MessagingError) {
            fresh = try RdKafkaClient(.producer, lane.configuration.settings)
        } catch {
            logger.error("Kafka producer did not start again", metadata: ["error": .string(error.description)])
            return false
        }
        let creates = lane.configuration.connection.createsTopics
        lane.state.withLock { state in
            state.client = fresh
            state.ledger.takeBack()
            state.mustRenew = false
            if creates {
                state.wantedTopics.formUnion(state.knownTopics)
                state.knownTopics = []
            }
            state.mayProduce = state.wantedTopics.isEmpty
        }
        creationPending = false
        createAt = nil
        renewAt = nil
        lastProgress = Monotonic.now()
        lane.pump()
        return true
    }

    private mutating func retire(_ client: RdKafkaClient) {
        let topics = lane.state.withLock { state in
            state.client = nil
            state.mayProduce = false
            defer { state.topicHandles = [:] }
            return state.topicHandles.values.map { UInt(bitPattern: $0) }
        }
        rd_kafka_purge(client.handle, 3)  // RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
        let bound = Monotonic.now() + 1_000_000_000
        while lane.state.withLock({ $0.ledger.underWay }) > 0, Monotonic.now() < bound {
            if let event = client.poll(50) { handle(event) }
        }
        for topic in topics { rd_kafka_topic_destroy(OpaquePointer(bitPattern: topic)) }
        client.destroy(logger)
    }

    private func mayEnd() -> Bool {
        let (isClosing, isEmpty) = lane.state.withLock { ($0.isClosing, $0.ledger.isEmpty) }
        return isClosing && isEmpty
    }

    private mutating func finish() {
        let client = lane.state.withLock { state in
            state.isClosing = true
            return state.client
        }
        if let client { retire(client) }
        let cutOff = lane.state.withLock { state in
            state.ledger.remove { _ in true }.map { send in
                let undelivered = send.undelivered
                return ProducerLane.Settled(
                    continuation: send.continuation, failure: .closed(undelivered: undelivered),
                    messages: send.messages.count, undelivered: undelivered.count, started: send.started)
            }
        }
        lane.resume(cutOff)
    }
}
