import Threads

/// The monotonic clock in nanoseconds: cheap to read and to compare, for deadlines inside one process.
enum Monotonic {
    static func now() -> UInt64 { UInt64(MonotonicTime.now) }

    /// Whole milliseconds until a deadline, rounded up, at most `limit`, 0 when it has passed.
    static func milliseconds(until deadline: UInt64, from now: UInt64, limit: Int32) -> Int32 {
        guard deadline > now else { return 0 }
        let milliseconds = (deadline - now + 999_999) / 1_000_000
        return milliseconds > UInt64(limit) ? limit : Int32(milliseconds)
    }
}

extension Duration {
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    }

    /// For the client library's settings, which are in whole milliseconds.
    var millisecondsText: String { String(nanoseconds / 1_000_000) }
}
