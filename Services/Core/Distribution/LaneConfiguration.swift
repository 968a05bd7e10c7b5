import Synchronization

/// Which configuration the steward has put into Redis, and in which term.
final class LaneConfiguration: Sendable {
    private let put = Mutex<(version: Int32, term: Int64)>((0, 0))

    func note(_ version: Int32, term: Int64) { put.withLock { $0 = (version, term) } }

    func isCurrent(_ version: Int32, term: Int64) -> Bool { put.withLock { $0 == (version, term) } }
}
