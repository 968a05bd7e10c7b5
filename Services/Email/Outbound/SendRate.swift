/// So many messages a minute at most: a bucket that fills evenly, and holds a minute's worth.
package struct SendRate: Sendable {
    private let perMinute: Double
    private var tokens: Double
    /// Nanoseconds of a monotonic clock.
    private var filledAt: Int64

    /// A full bucket.
    package init(perMinute: Int, at now: Int64) {
        self.perMinute = Double(perMinute)
        tokens = self.perMinute
        filledAt = now
    }

    /// Nanoseconds until a message may be sent; 0: now.
    package mutating func pause(at now: Int64) -> Int64 {
        tokens = min(perMinute, tokens + Double(now - filledAt) / 60e9 * perMinute)
        filledAt = now
        return tokens >= 1 ? 0 : Int64((1 - tokens) / perMinute * 60e9) + 1
    }

    /// Notes a message that was sent.
    package mutating func take() { tokens -= 1 }
}
