import Domain
import ServiceKit
import Synchronization

/// Where what the topics bring for one tenant waits: a ``ReorderBuffer`` that the reader of the topics fills and the
/// tenant's projection empties.
final class TenantIntake: Sendable {
    /// The tenant's name.
    let tenant: String
    private let buffer: Mutex<ReorderBuffer>
    private let wake = AsyncWake()
    private let room = AsyncWake()
    /// When something was applied here last, on the monotonic clock; nil while another instance applies.
    private let appliedAt = Mutex<ContinuousClock.Instant?>(nil)
    /// Whether progress has been read, so that the reader knows where to start.
    private let isPlaced = Mutex(false)

    init(tenant: String, limits: ReorderBuffer.Limits) {
        self.tenant = tenant
        buffer = Mutex(ReorderBuffer(limits: limits))
    }

    /// Works on the buffer.
    func with<Value: Sendable>(_ body: (inout ReorderBuffer) -> Value) -> Value {
        buffer.withLock { body(&$0) }
    }

    /// Takes a message in; wakes the projection when it is the next one. Before progress is known none is kept: the
    /// databases may be restored by then, and the message one of those that never happened.
    func take(_ event: PendingEvent) -> ReorderBuffer.Arrival {
        guard hasPlace else { return .beyond }
        let (arrival, isNext) = with { buffer in
            (buffer.take(event), event.position == buffer.position + 1)
        }
        if arrival == .kept, isNext { wake.wake() }
        return arrival
    }

    /// Waits for the next event.
    func wait(atMost duration: Duration) async { await wake.wait(atMost: duration) }

    /// Ends a wait.
    func interrupt() { wake.wake() }

    /// Waits until something was applied, at most so long.
    func waitForRoom(atMost duration: Duration) async { await room.wait(atMost: duration) }

    /// Something was applied here; or nothing will be, as another instance does it.
    func noteApplied(_ here: Bool) {
        appliedAt.withLock { $0 = here ? .now : nil }
        room.wake()
    }

    /// Whether room will come soon because this instance applies, and not what the feed has before it.
    var hasRoomSoon: Bool {
        guard let last = appliedAt.withLock({ $0 }), !with(\.readsFeed) else { return false }
        return ContinuousClock.now - last < .seconds(1)
    }

    /// Progress is known.
    func place() { isPlaced.withLock { $0 = true } }

    /// Whether progress is known.
    var hasPlace: Bool { isPlaced.withLock { $0 } }
}
