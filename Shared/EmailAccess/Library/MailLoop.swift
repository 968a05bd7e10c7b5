import CCurl
import Glibc
import Synchronization
import Threads

/// A thread of our own that runs the actors of many mail connections and waits for their sockets.
///
/// No call made on it blocks: sockets are read and written as far as they go, and waiting is one `poll` over all of
/// them. So a hundred idle mailboxes cost two threads and no wake-ups.
///
/// Unchecked: `waiters` is touched by the loop's own thread only; the rest, also whoever begins to wait, is under
/// `shared`: a closure handed to the runtime may begin its wait on another thread.
final class MailLoop: SerialExecutor, @unchecked Sendable {
    /// Why a wait ended.
    enum Wake: Sendable {
        /// The socket can be read or written, or is broken.
        case ready
        /// The deadline passed.
        case timedOut
        /// ``interrupt(_:cancel:)`` was called.
        case interrupted
        /// ``interrupt(_:cancel:)`` was called to cancel.
        case cancelled
    }

    private struct Shared: Sendable {
        var jobs: [UnownedJob] = []
        var arrivals: [Waiter] = []
        var interrupts: [(key: Int, cancel: Bool)] = []
        var isAwake = true
        var nextKey = 0
    }

    private struct Waiter: Sendable {
        let key: Int
        let socket: Int32
        let events: Int16
        let deadline: Int64
        let heedsInterrupts: Bool
        let continuation: CheckedContinuation<Wake, Never>
    }

    private let shared = Mutex(Shared())
    private let signal: Int32
    private var waiters: [Waiter] = []

    /// Two loops, so that TLS of busy mailboxes can use two cores. They live as long as the process.
    private static let all: [MailLoop] = (0..<2).map { _ in MailLoop() }
    private static let turn = Atomic<Int>(0)

    /// The loop for the next connection.
    static func next() -> MailLoop { all[turn.wrappingAdd(1, ordering: .relaxed).oldValue % all.count] }

    private init() {
        signal = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        precondition(signal >= 0, "the system refuses another file descriptor")
        OwnedThread.startOrTrap { [self] in run() }
    }

    /// A key by which a connection's wait can be interrupted.
    func newKey() -> Int {
        shared.withLock { shared in
            shared.nextKey += 1
            return shared.nextKey
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        wake { $0.jobs.append(job) }
    }

    /// Ends the wait of a connection, also one that begins right after this call on the loop's thread.
    /// - Parameter cancel: end it even when it does not heed interrupts.
    func interrupt(_ key: Int, cancel: Bool) {
        wake { $0.interrupts.append((key, cancel)) }
    }

    /// Waits for a socket.
    /// - Parameter deadline: nanoseconds of ``MonotonicTime``.
    func wait(
        isolation: isolated (any Actor)? = #isolation, key: Int, socket: Int32, events: Int32, deadline: Int64,
        heedsInterrupts: Bool
    ) async -> Wake {
        await withTaskCancellationHandler {
            // Else the closure would hop to the common pool and back.
            _ = isolation
            return await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    key: key, socket: socket, events: Int16(truncatingIfNeeded: events), deadline: deadline,
                    heedsInterrupts: heedsInterrupts, continuation: continuation)
                // A cancellation before this one's arrival has found nobody.
                guard !Task.isCancelled else { return continuation.resume(returning: .cancelled) }
                wake { $0.arrivals.append(waiter) }
                // Nor has one that came between that look and the arrival.
                if Task.isCancelled { interrupt(key, cancel: true) }
            }
        } onCancel: {
            interrupt(key, cancel: true)
        }
    }

    private func wake(_ change: (inout Shared) -> Void) {
        let wasAwake = shared.withLock { shared in
            change(&shared)
            defer { shared.isAwake = true }
            return shared.isAwake
        }
        if !wasAwake { eventfd_write(signal, 1) }
    }

    private func run() {
        var jobs: [UnownedJob] = []
        var polled: [pollfd] = []
        while true {
            shared.withLock { swap(&$0.jobs, &jobs) }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
            jobs.removeAll(keepingCapacity: true)
            let (interrupts, mayRest) = shared.withLock { shared in
                waiters += shared.arrivals
                shared.arrivals.removeAll(keepingCapacity: true)
                defer { shared.interrupts.removeAll() }
                // What an interruption ends is a job again.
                shared.isAwake = !shared.jobs.isEmpty || !shared.interrupts.isEmpty
                return (shared.interrupts, !shared.isAwake)
            }
            end(interrupts)
            polled.removeAll(keepingCapacity: true)
            polled.append(pollfd(fd: signal, events: Int16(POLLIN), revents: 0))
            for waiter in waiters { polled.append(pollfd(fd: waiter.socket, events: waiter.events, revents: 0)) }
            poll(&polled, nfds_t(polled.count), mayRest ? restTime() : 0)
            if polled[0].revents != 0 {
                var count: eventfd_t = 0
                eventfd_read(signal, &count)
            }
            shared.withLock { $0.isAwake = true }
            end(polled)
        }
    }

    /// Milliseconds until the nearest deadline; -1: for ever.
    private func restTime() -> Int32 {
        guard let nearest = waiters.lazy.map(\.deadline).min(), nearest < .max else { return -1 }
        return Int32(clamping: max(0, (nearest - MonotonicTime.now) / 1_000_000 + 1))
    }

    private func end(_ interrupts: [(key: Int, cancel: Bool)]) {
        for (key, cancel) in interrupts {
            let isMeant = { (waiter: Waiter) in waiter.key == key && (cancel || waiter.heedsInterrupts) }
            for waiter in waiters where isMeant(waiter) {
                waiter.continuation.resume(returning: cancel ? .cancelled : .interrupted)
            }
            waiters.removeAll(where: isMeant)
        }
    }

    private func end(_ polled: [pollfd]) {
        guard !waiters.isEmpty else { return }
        let now = MonotonicTime.now
        var kept: [Waiter] = []
        kept.reserveCapacity(waiters.count)
        for (waiter, found) in zip(waiters, polled.dropFirst()) {
            if found.revents != 0 {
                waiter.continuation.resume(returning: .ready)
            } else if waiter.deadline <= now {
                waiter.continuation.resume(returning: .timedOut)
            } else {
                kept.append(waiter)
            }
        }
        waiters = kept
    }
}

extension Duration {
    /// Whole nanoseconds, held at the range's end.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }
}
