import Domain

/// Reads the reporting feed `/events` from a position on.
struct EventFeed: Sendable {
    let client: APIClient
    /// The position of the last event read.
    private(set) var position: Int64

    init(client: APIClient, after position: Int64) {
        self.client = client
        self.position = position
    }

    /// The next events, none when there are no newer ones.
    mutating func next(limit: Int = 2000) async throws -> [JSONValue] {
        let page = try await client.call(.GET, "/events?after=\(position)&limit=\(limit)")
        position = page["next"]?.integerValue ?? position
        return page["items"]?.arrayValue ?? []
    }

    /// The position of the newest event, 0 when there is none. The feed has no gaps and is asked for a single event at a
    /// time, so doubling and halving find its end in some forty requests, however long it is.
    static func lastPosition(_ client: APIClient) async throws -> Int64 {
        func isBeyond(_ position: Int64) async throws -> Bool {
            let page = try await client.call(.GET, "/events?after=\(position)&limit=1")
            return page["items"]?.arrayValue?.isEmpty ?? true
        }
        return try await FeedEnd.search(isBeyond)
    }
}

/// Finds the end of a feed by asking whether anything lies after a position.
public enum FeedEnd {
    /// The smallest position after which there is nothing.
    public static func search(_ isBeyond: (Int64) async throws -> Bool) async throws -> Int64 {
        if try await isBeyond(0) { return 0 }
        var low: Int64 = 0
        var high: Int64 = 1024
        while try await !isBeyond(high) {
            low = high
            high = high > Int64.max / 4 ? Int64.max - 1 : high * 4
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try await isBeyond(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
