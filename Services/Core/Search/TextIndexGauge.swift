import Synchronization

/// How far the words are behind, for metrics.
final class TextIndexGauge: Sendable {
    private let value = Atomic<Int64>(0)

    /// Events that are placed and not looked at; 0 where another instance does it.
    var behind: Int64 { value.load(ordering: .relaxed) }
    func note(behind: Int64) { value.store(behind, ordering: .relaxed) }
}
