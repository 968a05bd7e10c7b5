import Domain

/// The reporting feed: every event of a tenant, in order of position. The complete way, where a topic is the quick one.
public protocol EventFeedSource: Sendable {
    /// Events after a position, oldest first and contiguous, at most `limit` (1 to 5000); none when there are no more.
    /// The first lies further on than `after + 1` only if what was between has been cleared away.
    func events(after position: Int64, limit: Int) async throws -> [ProjectedEvent]
}

extension ProjectedEvent {
    /// The items of a page of `GET /iwd/v3/events`.
    public static func page(_ answer: JSONValue) throws(ProjectionError) -> [ProjectedEvent] {
        guard let items = answer["items"]?.arrayValue else {
            throw ProjectionError(.malformedEvent, "the feed's answer has no items")
        }
        var events: [ProjectedEvent] = []
        events.reserveCapacity(items.count)
        for item in items { events.append(try ProjectedEvent(cloudEvent: item)) }
        return events
    }
}
