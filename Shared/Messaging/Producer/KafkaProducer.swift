import Logging
import Synchronization
import Threads

/// Publishes messages and waits until all in-sync replicas have them.
///
/// Delivery is at least once: after a fault a message may be stored twice, never out of the order of its key as long as
/// the sender awaits one `send` before it starts the next. A full queue makes the sender wait. A broker that forgot its
/// topics, or the producer's identity, is served on: topics are created again and the library's producer is replaced
/// inside, without an error for the sender.
///
/// ```swift
/// let producer = try KafkaProducer(configuration: .init(connection: connection), logger: logger)
/// try await producer.send(events)        // thousands with one await
/// await producer.close()
/// ```
public final class KafkaProducer: Sendable {
    private let lane: ProducerLane

    /// Starts a producer. It connects in the background; an unreachable broker shows when a `send` times out.
    /// - Throws: `configuration` when a setting is refused.
    public init(configuration: ProducerConfiguration, logger: Logger) throws(MessagingError) {
        lane = try ProducerLane(configuration, logger: logger)
        let lane = lane
        OwnedThread.startOrTrap { ProducerLoop(lane).run() }
    }

    deinit { assert(lane.ended.isOpen, "KafkaProducer.close() was not called") }

    /// Publishes one message and returns when it is confirmed.
    ///
    /// Cancelling the task does not call the message back: the call ends with its outcome, at the latest when the
    /// delivery time is over.
    /// - Throws: `timedOut` (it may have been stored), `messageTooLarge`, `unknownTopic`, `notAuthorized`, `closed`.
    public func send(_ message: OutgoingMessage) async throws(MessagingError) {
        try await send([message])
    }

    /// Publishes messages in order and returns when all are confirmed.
    /// - Throws: as `send(_:)`, with the indices of those not confirmed; all the others were delivered.
    public func send(_ messages: [OutgoingMessage]) async throws(MessagingError) {
        guard !messages.isEmpty else { return }
        let failure = await withCheckedContinuation { continuation in
            lane.accept(messages, continuation)
        }
        if let failure { throw failure }
    }

    /// Waits until everything that was sent before has an outcome.
    public func flush() async {
        await lane.idle()
    }

    /// Takes nothing more, waits for what is under way (at most the delivery time) and ends. Repeated calls wait too.
    public func close() async {
        lane.startClosing()
        await lane.ended.wait()
    }
}
