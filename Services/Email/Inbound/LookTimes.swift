import Synchronization

/// When a mailbox's folder is compared with what was taken: not more often than the service is told, and of a folder that
/// takes long seldom enough to be little of the work.
package final class LookTimes: Sendable {
    /// A look takes at most this part of the time.
    private static let share = 50

    private let every: Duration
    /// When the next look is due, and before when none is, whatever happens.
    private let next: Mutex<(due: ContinuousClock.Instant, earliest: ContinuousClock.Instant)?>

    /// The first look is due at once.
    package init(every: Duration) {
        self.every = every
        next = Mutex(nil)
    }

    /// Whether it is time.
    package func isDue(at now: ContinuousClock.Instant = .now) -> Bool {
        next.withLock { $0.map { now >= $0.due } ?? true }
    }

    /// A look is over.
    /// - Parameters:
    ///   - compared: when the comparison ended; what is made up for then is work of its own, however long it takes.
    ///   - now: when that was over as well.
    package func looked(
        from begin: ContinuousClock.Instant, until compared: ContinuousClock.Instant,
        at now: ContinuousClock.Instant = .now
    ) {
        let rest = (compared - begin) * Self.share
        next.withLock { $0 = (now + max(every, rest), now + rest) }
    }

    /// There may be something to make up for: the next look comes as soon as it takes little of the time.
    package func hurry() { next.withLock { next in next.map { next = ($0.earliest, $0.earliest) } } }
}
