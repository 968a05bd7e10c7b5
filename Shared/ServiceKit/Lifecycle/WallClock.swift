import Domain
import Foundation

/// Milliseconds since 1970 by the system's clock.
@Sendable public func currentMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

extension Instant {
    /// The time of the system's clock. `Domain` has none of its own.
    public static var now: Instant { Instant(milliseconds: currentMilliseconds()) }
}
