import Foundation
import Synchronization

/// Numbers that the steward reads from PostgreSQL every few seconds, for metrics.
final class QueueGauges: Sendable {
    enum Key: Sendable, Hashable { case depth, oldest, overdue, agentsReady, outbox }

    static let all: [(label: String, help: String, key: Key)] = [
        ("queue_depth", "Work items that wait, of the tenants whose lease is held here.", .depth),
        ("queue_oldest_seconds", "Age of the item that has waited longest.", .oldest),
        ("queue_overdue", "Waiting items past their due date.", .overdue),
        ("agents_ready", "Agents who are ready.", .agentsReady),
        ("outbox_events", "Events not yet published.", .outbox),
    ]

    private let values = Mutex<[Key: Double]>([:])

    func value(_ key: Key) -> Double { values.withLock { $0[key] ?? 0 } }

    func set(_ new: [Key: Double]) { values.withLock { $0 = new } }
}

/// Whether this instance is the steward.
final class Stewardship: Sendable {
    private let held = Mutex(false)
    private let swept = Mutex<UUID?>(nil)
    /// The round through the files of contents.
    let contentRound = HourlyRound()
    /// Raised when contents have been cleared away, whose files go then.
    let cleared = Signal()

    /// How far the sweep's round through all queued items has come; nil at its beginning.
    var sweptTo: UUID? {
        get { swept.withLock { $0 } }
        set { swept.withLock { $0 = newValue } }
    }

    var isHeld: Bool {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}
