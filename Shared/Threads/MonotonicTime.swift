import Glibc

/// A clock that never goes back: cheap to read and to compare, for deadlines inside one process.
package enum MonotonicTime {
    /// Nanoseconds since some moment before the process began.
    package static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
