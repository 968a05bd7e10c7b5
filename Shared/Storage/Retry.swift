/// Decides whether and when a failed transaction runs again.
struct Retry {
    private let limit: Int
    private let recoveryTime: Duration
    private let idempotent: Bool
    private var conflicts = 0
    private var losses = 0
    private var away: ContinuousClock.Instant?

    /// `limit` counts conflicts; while the server is away, time counts.
    init(limit: Int, recoveryTime: Duration, idempotent: Bool) {
        self.limit = limit
        self.recoveryTime = recoveryTime
        self.idempotent = idempotent
    }

    /// How long to pause before the next attempt; nil when there shall be none.
    mutating func pause(after error: StorageError, at now: ContinuousClock.Instant = .now) -> Duration? {
        if limit <= 0 || Task.isCancelled { return nil }
        if error.isConnectivity || (idempotent && error.code == .commitUnknown) {
            let since = away ?? now
            away = since
            guard since.duration(to: now) < recoveryTime else { return nil }
            losses += 1
            return Self.backoff(losses, upTo: 250)
        }
        guard error.isRetryable, conflicts < limit else { return nil }
        conflicts += 1
        return Self.backoff(conflicts, upTo: 50)
    }

    /// Doubles from 2 ms; the random half keeps rivals apart.
    private static func backoff(_ attempt: Int, upTo limit: Double) -> Duration {
        let whole = min(limit, Double(1 << min(attempt, 16)))
        return .microseconds(Int(whole * 1000 * Double.random(in: 0.5...1)))
    }
}
