import Synchronization

/// Counts the passes of re-ranking after a configuration was applied, and lets time go by between two of the same version.
final class RerankProgress: Sendable {
    private let state = Mutex<(version: Int32, passes: Int, last: ContinuousClock.Instant)>((0, 0, .now))
    /// Within this time every instance has taken up a version.
    static let pause = Duration.seconds(5)

    /// Whether a pass for that version is due.
    func isDue(for version: Int32) -> Bool {
        state.withLock { $0.version != version || $0.last.duration(to: .now) >= Self.pause }
    }

    /// Counts a pass for a version and tells how many there were.
    func passes(for version: Int32) -> Int {
        state.withLock { state in
            state = (version, state.version == version ? state.passes + 1 : 1, .now)
            return state.passes
        }
    }
}
