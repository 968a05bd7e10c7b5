/// How much is fetched at a time: what a server gives out in a moment, so that a slow one is never asked for much, and holds
/// little.
package struct FetchPace: Sendable {
    /// Bytes of a batch, as they are held in memory.
    package private(set) var bytes = 512 << 10

    private static let least = 128 << 10
    /// A batch that came sooner than this could have been larger.
    private static let quick = Duration.milliseconds(500)
    /// One that took longer was too large.
    private static let slow = Duration.seconds(4)

    /// Begins carefully.
    package init() {}

    /// A batch was fetched.
    package mutating func note(_ time: Duration) {
        if time < Self.quick { bytes = min(MessageBatches.bytes, bytes * 2) }
        if time > Self.slow { bytes = max(Self.least, bytes / 4) }
    }
}
