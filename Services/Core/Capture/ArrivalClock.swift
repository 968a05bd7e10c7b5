import Domain
import Synchronization

/// Arrival numbers: microseconds since 1970, strictly rising within the process however many items share a millisecond.
final class ArrivalClock: Sendable {
    private let last = Atomic<Int64>(0)

    func next(at now: Instant) -> Int64 {
        let base = now.milliseconds * 1000
        while true {
            let before = last.load(ordering: .relaxed)
            let next = max(base, before + 1)
            if last.compareExchange(expected: before, desired: next, ordering: .relaxed).exchanged { return next }
        }
    }
}
