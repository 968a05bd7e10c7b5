/// What producers, consumers and readers report about themselves, once per batch rather than once per message.
///
/// The service that owns them turns these into metrics: the closures are called on the module's own threads and must
/// return at once.
public enum MessagingMeasurement: Sendable, Hashable {
    /// Messages confirmed by the broker, and the nanoseconds from `send` to the confirmation.
    case delivered(messages: Int, nanoseconds: UInt64)
    /// Messages whose delivery failed for good.
    case undelivered(messages: Int)
    /// The send queue was full and the sender had to wait.
    case backPressure
    /// The client library's producer was replaced by a fresh one.
    case producerRenewed
    /// Messages handed to a handler.
    case received(messages: Int)
    /// A handler finished its batch, after so many nanoseconds.
    case handled(messages: Int, nanoseconds: UInt64)
    /// A handler failed; the batch will come again.
    case handlerFailed(messages: Int)
    /// Offsets were committed for so many partitions.
    case committed(partitions: Int)
    /// The group gave this consumer so many partitions.
    case assigned(partitions: Int)
    /// The group took so many partitions back; `lost` when it did so without asking.
    case revoked(partitions: Int, lost: Bool)
    /// A log was found shorter than what had been read from it, or replaced: reading starts over at its beginning.
    case startedOver(partitions: Int)
    /// The connection to a broker failed.
    case connectionFailed
}

/// Receives measurements. Called on the module's threads; must not block.
public typealias MeasurementSink = @Sendable (MessagingMeasurement) -> Void
