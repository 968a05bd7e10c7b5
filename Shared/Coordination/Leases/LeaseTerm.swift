import Synchronization

/// One term of office: what the body of an ``Elector`` gets while it is elected.
///
/// Writes carry ``number``, so that PostgreSQL can refuse those of an older term. Before each
/// piece of work call ``requireTrust()``: after a pause (SIGSTOP, a stalled machine) it fails at
/// once, long before the elector has had time to cancel the body.
public struct LeaseTerm: Sendable {
    /// The lease's name.
    public let name: String
    /// Who holds it.
    public let holder: String
    /// The term, drawn from PostgreSQL; greater than that of every earlier holder.
    public let number: Int64
    let tenure: Tenure

    /// True while the lease is certainly ours by the monotonic clock.
    public var isTrusted: Bool { tenure.isTrusted }

    /// How much longer the lease can be trusted if it is not renewed; zero when it cannot.
    public var remaining: Duration { tenure.remaining }

    /// - Throws: ``CoordinationError/Code/leaseLost`` when the lease can no longer be trusted.
    public func requireTrust() throws(CoordinationError) {
        guard isTrusted else {
            throw CoordinationError(.leaseLost, "The lease \(name) is no longer held; another instance goes on.")
        }
    }
}

/// Until when a lease may be trusted; shared by the elector, which renews, and the body, which asks.
final class Tenure: Sendable {
    private struct Contents: Sendable {
        var trustedUntil: Duration
        var lost = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let clock: any LeaseClock
    private let contents: Mutex<Contents>

    init(clock: any LeaseClock, trustedUntil: Duration) {
        self.clock = clock
        contents = Mutex(Contents(trustedUntil: trustedUntil))
    }

    var isTrusted: Bool { remaining > .zero }

    var remaining: Duration {
        let now = clock.now
        return contents.withLock { $0.lost ? .zero : max(.zero, $0.trustedUntil - now) }
    }

    var trustedUntil: Duration { contents.withLock { $0.trustedUntil } }

    /// Notes a renewal. Trust that has lapsed does not come back.
    /// - Returns: false when it has.
    func extend(to deadline: Duration) -> Bool {
        let now = clock.now
        return contents.withLock { contents in
            guard !contents.lost, now < contents.trustedUntil else { return false }
            contents.trustedUntil = max(contents.trustedUntil, deadline)
            return true
        }
    }

    /// Ends the trust for good.
    func lose() {
        let waiters = contents.withLock { contents in
            contents.lost = true
            defer { contents.waiters = [] }
            return contents.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the lease is lost or the tenure over.
    func untilLost() async {
        await withCheckedContinuation { waiter in
            let lost = contents.withLock { contents in
                if !contents.lost { contents.waiters.append(waiter) }
                return contents.lost
            }
            if lost { waiter.resume() }
        }
    }
}
