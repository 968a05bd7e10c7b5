import Domain
import Messaging

/// An event that waits for its turn.
public struct PendingEvent: Sendable {
    /// Its bytes as the topic has them are read when its turn comes: a standby holds many and applies none.
    public enum Content: Sendable {
        case message([UInt8])
        case event(ProjectedEvent)
    }

    /// Its place among the tenant's events.
    public var position: Int64
    /// When it happened, if that has been read.
    public var at: Instant?
    /// The event, read or not.
    public var content: Content
    /// Where in a topic it stood; nil when it came from the feed.
    public var partition: TopicPartition?
    /// Its offset there.
    public var offset: Int64 = 0

    /// What it weighs in memory, in bytes, near enough to bound it.
    let size: Int

    /// A message of a topic.
    public init(message: [UInt8], head: EventHead, partition: TopicPartition, offset: Int64) {
        position = head.position
        at = head.at
        content = .message(message)
        self.partition = partition
        self.offset = offset
        size = message.count + 96
    }

    /// An event of the feed.
    public init(_ event: ProjectedEvent) {
        position = event.position
        at = event.at
        content = .event(event)
        size = event.id.utf8.count + event.subject.utf8.count + 200 + JSONValue.object(event.data).weight
    }

    /// Reads it.
    /// - Throws: `malformedEvent`.
    public func event() throws(ProjectionError) -> ProjectedEvent {
        switch content {
        case .event(let event): return event
        case .message(let bytes):
            guard let value = try? JSONValue(parsing: bytes) else {
                throw ProjectionError(.malformedEvent, "a message is no JSON")
            }
            return try ProjectedEvent(cloudEvent: value)
        }
    }
}

extension JSONValue {
    /// Bytes in memory, roughly.
    fileprivate var weight: Int {
        switch self {
        case .string(let text): 32 + text.utf8.count
        case .array(let elements): elements.reduce(48) { $0 + $1.weight }
        case .object(let object): object.members.reduce(48) { $0 + 16 + $1.key.utf8.count + $1.value.weight }
        case .null, .bool, .integer, .number: 32
        }
    }
}
