import Synchronization

/// Counts the passes of re-ranking after a configuration was applied.
final class RerankProgress: Sendable {
    private let state = Mutex<(version: Int32, passes: Int)>((0, 0))

    /// Counts a pass for a version and tells how many there were.
    func passes(for version: Int32) -> Int {
        state.withLock { state in
            state = (version, state.version == version ? state.passes + 1 : 1)
            return state.passes
        }
    }
}
