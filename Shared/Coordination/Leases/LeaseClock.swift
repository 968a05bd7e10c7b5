/// The clock by which a holder judges its lease.
public protocol LeaseClock: Sendable {
    /// Time since some fixed point. Never goes back; goes on while the process or the machine sleeps.
    var now: Duration { get }
    /// Returns when `now` has reached `deadline`; throws `CancellationError` when cancelled.
    func sleep(until deadline: Duration) async throws
}

/// The machine's own clock, counting time spent asleep too (`CLOCK_BOOTTIME`).
public struct SystemLeaseClock: LeaseClock {
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    /// Makes a clock that starts at zero.
    public init() { start = clock.now }

    /// Time since the clock was made.
    public var now: Duration { clock.now - start }

    /// Sleeps until `now` has reached `deadline`.
    public func sleep(until deadline: Duration) async throws {
        try await clock.sleep(until: start + deadline)
    }
}
