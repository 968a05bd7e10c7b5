/// How often an index is compared with the items, and what is too young for that.
package struct CheckTimes: Sendable {
    let every: Duration
    /// For so long a change may be on its way into the index.
    let grace: Duration

    package init(every: Duration, grace: Duration) {
        self.every = every
        self.grace = grace
    }

    /// How long after a doubt a check looks at everything that was there then: clocks differ.
    var settling: Duration { grace + .seconds(2) }
}

/// When an index is compared with the items next.
///
/// A new term, an error and another index in the place of the one that served are grounds for doubt: a server that went away
/// may come back without what it had taken last, and nothing else would bring that. A check passes over what is younger
/// than ``CheckTimes/grace``, so one that comes sooner after a doubt does not settle it, and another one follows.
package struct CheckSchedule: Sendable {
    private let times: CheckTimes
    private var due: ContinuousClock.Instant
    /// The last ground for doubt.
    private var doubted: ContinuousClock.Instant

    /// - Parameter now: when the term began.
    package init(_ times: CheckTimes, now: ContinuousClock.Instant) {
        self.times = times
        doubted = now
        due = now + min(times.every, times.settling)
    }

    /// Something may be missing that was there before now. A check that is due already is not put off.
    package mutating func doubt(at now: ContinuousClock.Instant) {
        doubted = now
        due = min(due, now + min(times.every, times.settling))
    }

    /// Whether a check is due.
    package func isDue(at now: ContinuousClock.Instant) -> Bool { now >= due }

    /// A check has come to its end that began then.
    package mutating func checked(since began: ContinuousClock.Instant, now: ContinuousClock.Instant) {
        due = now + times.every
        let settled = doubted + times.settling
        if began < settled { due = min(due, max(now, settled)) }
    }
}
