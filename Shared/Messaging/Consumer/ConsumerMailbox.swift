import CRdKafka
import Synchronization

/// Where the task that runs the handler and the consumer's own thread meet.
final class ConsumerMailbox: Sendable {
    /// How the handler's last batch went.
    enum Outcome: Sendable { case none, succeeded, failed(any Error) }
    typealias Answer = Result<MessageBatch?, MessagingError>

    private struct State {
        var outcome = Outcome.none
        var taker: CheckedContinuation<Answer, Never>?
        var isClosing = false
        var hasStarted = false
        var end: Answer?
        var client: RdKafkaClient?
    }
    private let state = Mutex(State())
    let ended = Latch()

    // MARK: The handler's side

    /// Reports on the last batch and waits for the next; `nil` when the consumer was closed.
    func next(after outcome: Outcome) async throws(MessagingError) -> MessageBatch? {
        let answer: Answer = await withCheckedContinuation { continuation in
            let end: Answer? = state.withLock { state in
                if let end = state.end { return end }
                state.outcome = outcome
                state.taker = continuation
                Self.wake(state)
                return nil
            }
            if let end { continuation.resume(returning: end) }
        }
        return try answer.get()
    }

    /// Claims the right to run; false when that was done before or the consumer is closed.
    func start() -> Bool {
        state.withLock { state in
            guard !state.hasStarted, !state.isClosing else { return false }
            state.hasStarted = true
            return true
        }
    }

    func close() async {
        let hasStarted = state.withLock { state in
            state.isClosing = true
            Self.wake(state)
            return state.hasStarted
        }
        if hasStarted { await ended.wait() } else { ended.open() }
    }

    func startClosing() {
        state.withLock { state in
            state.isClosing = true
            Self.wake(state)
        }
    }

    private static func wake(_ state: State) {
        state.client?.wake()
    }

    // MARK: The thread's side

    /// Lets others wake the thread through its client, until that is taken back with `nil`.
    func attach(_ client: RdKafkaClient?) {
        state.withLock { $0.client = client }
    }

    /// The client lives at least as long as it is attached, so asking under the lock is safe.
    var memberId: String? {
        state.withLock { state in
            guard let client = state.client, let text = rd_kafka_memberid(client.handle) else { return nil }
            defer { rd_kafka_mem_free(client.handle, text) }
            return text.pointee == 0 ? nil : String(cString: text)
        }
    }

    func takeOutcome() -> Outcome {
        state.withLock { state in
            defer { state.outcome = .none }
            return state.outcome
        }
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }
    var hasTaker: Bool { state.withLock { $0.taker != nil } }

    func give(_ batch: MessageBatch) {
        let taker = state.withLock { state in
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(returning: .success(batch))
    }

    /// Nothing more will come.
    func finish(_ error: MessagingError?) {
        let end: Answer = error.map { .failure($0) } ?? .success(nil)
        let taker = state.withLock { state in
            state.end = end
            state.client = nil
            defer { state.taker = nil }
            return state.taker
        }
        taker?.resume(returning: end)
        ended.open()
    }
}
