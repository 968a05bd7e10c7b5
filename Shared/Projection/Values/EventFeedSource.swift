import Domain

/// The reporting feed: every event of a tenant, in order of position. The complete way, where a topic is the quick one.
public protocol EventFeedSource: Sendable {
    /// Events after a position, at most `limit` (1 to 5000).
    func page(after position: Int64, limit: Int) async throws -> FeedPage
}

/// A page of the reporting feed.
public struct FeedPage: Sendable {
    /// Oldest first and contiguous; the first lies further on than what was asked for only if what was between has been
    /// cleared away. Fewer than were asked for where they are large; none when there are no more.
    public let events: [ProjectedEvent]
    /// The position of the newest event, whether it is in the page, comes behind it, or has been cleared away: it was
    /// placed before the page was read. So what lies between an empty page's `after` and this is gone for good, and a
    /// feed whose newest event is older than what was applied has another history.
    public let last: Int64

    /// A page.
    public init(_ events: [ProjectedEvent], last: Int64) {
        self.events = events
        self.last = max(last, events.last?.position ?? 0)
    }

    /// Reads an answer of `GET /iwd/v3/events`. A core that does not say where the feed ends is believed to have told
    /// everything.
    /// - Throws: `malformedEvent`.
    public init(_ answer: JSONValue, after position: Int64) throws(ProjectionError) {
        guard let items = answer["items"]?.arrayValue else {
            throw ProjectionError(.malformedEvent, "the feed's answer has no items")
        }
        var events: [ProjectedEvent] = []
        events.reserveCapacity(items.count)
        for item in items { events.append(try ProjectedEvent(cloudEvent: item)) }
        self.init(events, last: answer["last"]?.integerValue ?? position)
    }
}
