import Synchronization

/// That something may have happened, for those who look now and then.
final class Mark: Sendable {
    private let raised = Atomic<Bool>(false)

    func raise() { raised.store(true, ordering: .releasing) }

    /// Whether it was raised since the last look.
    func take() -> Bool { raised.exchange(false, ordering: .acquiringAndReleasing) }
}
