import Messaging

/// How far a projection has come: stored in the target, in the transaction of the rows that the events changed.
public struct ProjectionProgress: Sendable, Hashable {
    /// The last position applied; 0 before the first.
    public var position: Int64
    /// The id of the event at that position, by which a history that has been replaced is noticed.
    public var eventId: String?
    /// For each partition of the topics the offset of the last message that is applied; reading goes on there.
    public var offsets: [TopicPartition: Int64]
    /// Events that the feed no longer held before they could be applied, all in all, where the target notes that.
    public var missed: Int64 = 0

    /// Progress; from nothing unless said otherwise.
    public init(position: Int64 = 0, eventId: String? = nil, offsets: [TopicPartition: Int64] = [:]) {
        self.position = position
        self.eventId = eventId
        self.offsets = offsets
    }
}
