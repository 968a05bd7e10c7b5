import CRdKafka
import Logging
import Synchronization

/// What senders and the producer's thread share: the ledger, the library's current producer and whether messages may
/// go to it. Senders queue their messages themselves, which costs about a microsecond each and no change of thread.
final class ProducerLane: Sendable {
    struct State {
        var ledger = SendLedger()
        var client: RdKafkaClient?
        var topicHandles: [String: OpaquePointer] = [:]
        /// Topics that the broker is known to have, and those that have to be asked for first.
        var knownTopics: Set<String> = []
        var wantedTopics: Set<String> = []
        /// False while topics are being created or the library's producer is being replaced.
        var mayProduce = true
        var mustRenew = false
        var isClosing = false
        var idle: [CheckedContinuation<Void, Never>] = []
    }

    /// A send with its outcome, ready to be resumed outside of the lock.
    struct Settled: Sendable {
        let continuation: CheckedContinuation<MessagingError?, Never>
        let failure: MessagingError?
        let messages: Int
        let undelivered: Int
        let started: UInt64
    }

    let configuration: ProducerConfiguration
    let logger: Logger
    let ended = Latch()
    let state: Mutex<State>
    private let timeout: UInt64

    init(_ configuration: ProducerConfiguration, logger: Logger) throws(MessagingError) {
        self.configuration = configuration
        self.logger = logger
        timeout = configuration.deliveryTimeout.nanoseconds
        let client = try RdKafkaClient(.producer, configuration.settings)
        var state = State()
        state.client = client
        state.wantedTopics = Set(configuration.topics.map(\.name))
        self.state = Mutex(state)
    }

    func accept(_ messages: [OutgoingMessage], _ continuation: CheckedContinuation<MessagingError?, Never>) {
        let now = Monotonic.now()
        let isTaken = state.withLock { state in
            guard !state.isClosing else { return false }
            state.ledger.add(messages, now: now, timeout: timeout, continuation: continuation)
            return true
        }
        guard isTaken else {
            continuation.resume(returning: .closed(undelivered: Array(messages.indices)))
            return
        }
        pump()
    }

    /// Moves waiting messages into the library's queue until none waits, the queue is full or something has to be
    /// done first. In short turns, so that nobody waits long for the lock.
    func pump() {
        let createsTopics = configuration.connection.createsTopics
        while true {
            let turn = state.withLock { $0.takeTurn(createsTopics: createsTopics) }
            resume(turn.settled)
            if turn.isFull { configuration.measure?(.backPressure) }
            if turn.isOver { return }
        }
    }

    func resume(_ settled: [Settled]) {
        guard !settled.isEmpty else { return }
        let now = Monotonic.now()
        for send in settled {
            if send.undelivered > 0 { configuration.measure?(.undelivered(messages: send.undelivered)) }
            if send.messages > send.undelivered {
                configuration.measure?(
                    .delivered(messages: send.messages - send.undelivered, nanoseconds: now - send.started))
            }
            send.continuation.resume(returning: send.failure)
        }
        let idle = state.withLock { state in
            guard state.ledger.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            defer { state.idle = [] }
            return state.idle
        }
        for continuation in idle { continuation.resume() }
    }

    /// The outcome of a send whose messages are all settled.
    static func outcome(of send: SendLedger.Send) -> Settled {
        var failure = send.failure
        let undelivered = failure == nil ? [] : send.undelivered
        failure?.undelivered = undelivered
        return Settled(
            continuation: send.continuation, failure: failure, messages: send.messages.count,
            undelivered: undelivered.count, started: send.started)
    }

    func idle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.ledger.isEmpty { state.idle.append(continuation) }
                return state.ledger.isEmpty
            }
            if isIdle { continuation.resume() }
        }
    }

    func startClosing() {
        state.withLock { state in
            state.isClosing = true
            state.client?.wake()
        }
    }
}
