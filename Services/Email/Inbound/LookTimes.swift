import Synchronization

/// When a mailbox's folder is compared with what was taken: not more often than the service is told, and of a folder that
/// takes long seldom enough to be little of the work.
package final class LookTimes: Sendable {
    /// A look takes at most this part of the time.
    private static let share = 50

    private let every: Duration
    private let next: Mutex<ContinuousClock.Instant?>

    /// The first look is due at once.
    package init(every: Duration) {
        self.every = every
        next = Mutex(nil)
    }

    /// Whether it is time.
    package func isDue(at now: ContinuousClock.Instant = .now) -> Bool {
        next.withLock { $0.map { now >= $0 } ?? true }
    }

    /// A look is over.
    package func looked(from begin: ContinuousClock.Instant, until end: ContinuousClock.Instant = .now) {
        next.withLock { $0 = end + max(every, (end - begin) * Self.share) }
    }
}
