/// When an index is compared with the items next.
///
/// A new term, an error and another index in the place of the one that served are grounds for doubt: a server that went away
/// may come back without what it had taken last, and nothing else would bring that. A check passes over what is younger
/// than ``CheckIndex/grace``, so one that comes sooner after a doubt does not settle it, and another one follows.
package struct CheckSchedule: Sendable {
    private let every: Duration
    private var due: ContinuousClock.Instant
    /// The last ground for doubt.
    private var doubted: ContinuousClock.Instant

    /// - Parameters:
    ///   - every: how often the index is compared without any doubt.
    ///   - now: when the term began.
    package init(every: Duration, now: ContinuousClock.Instant) {
        self.every = every
        doubted = now
        due = now + min(every, Self.settling)
    }

    /// How long after a doubt a check looks at everything that was there then.
    private static let settling = Duration.milliseconds(CheckIndex.grace) + .seconds(2)

    /// Something may be missing that was there before now. A check that is due already is not put off.
    package mutating func doubt(at now: ContinuousClock.Instant) {
        doubted = now
        due = min(due, now + min(every, Self.settling))
    }

    /// Whether a check is due.
    package func isDue(at now: ContinuousClock.Instant) -> Bool { now >= due }

    /// A check has come to its end that began then.
    package mutating func checked(since began: ContinuousClock.Instant, now: ContinuousClock.Instant) {
        due = now + every
        let settled = doubted + Self.settling
        if began < settled { due = min(due, max(now, settled)) }
    }
}
