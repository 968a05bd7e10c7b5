import CHiredis
import Glibc
import Threads

/// Wakes a thread that waits in `poll`. Signals merge: many wakes are one.
package final class WakeSignal: Sendable {
    private let descriptor: Int32

    init() throws(CoordinationError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw CoordinationError(.unavailable, "No file descriptor is left; raise the limit of open files.")
        }
    }

    deinit { close(descriptor) }

    /// Wakes the thread, now or at its next wait. Callable from anywhere.
    func wake() { eventfd_write(descriptor, 1) }

    /// What ended a wait.
    package struct Outcome {
        package var woken = false
        var readable = false
        var writable = false
    }

    /// Waits for a wake, for readiness of `socket`, or for the time to pass.
    /// - Parameter deadline: monotonic nanoseconds; `Int64.max` waits without limit.
    package func wait(socket: Int32? = nil, forWriting: Bool = false, until deadline: Int64) -> Outcome {
        withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            descriptors[0] = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            descriptors[1] = pollfd(
                fd: socket ?? -1, events: Int16(POLLIN) | (forWriting ? Int16(POLLOUT) : 0), revents: 0)
            let ready = Glibc.poll(descriptors.baseAddress, 2, Self.milliseconds(until: deadline))
            guard ready > 0 else { return Outcome() }
            var outcome = Outcome()
            if descriptors[0].revents != 0 {
                var count: eventfd_t = 0
                eventfd_read(descriptor, &count)
                outcome.woken = true
            }
            let events = descriptors[1].revents
            let broken = events & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
            outcome.readable = broken || events & Int16(POLLIN) != 0
            outcome.writable = broken || events & Int16(POLLOUT) != 0
            return outcome
        }
    }

    /// Rounded up, so that a wait never ends just before its deadline.
    private static func milliseconds(until deadline: Int64) -> Int32 {
        if deadline == .max { return -1 }
        let rest = deadline - MonotonicTime.now
        return rest <= 0 ? 0 : Int32(clamping: (rest + 999_999) / 1_000_000)
    }
}

extension Duration {
    /// Whole nanoseconds, clamped.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000
    }

    /// Whole milliseconds, clamped.
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
