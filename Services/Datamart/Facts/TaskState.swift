import Domain
import Foundation

/// What is known of a work item after its last step: a row of `task_fact`.
///
/// Instants are milliseconds since 1970, durations milliseconds.
package struct TaskState: Sendable, Hashable {
    package var item: UUID
    package var captureId: String
    package var revision: Int32
    package var firstPosition: Int64
    package var lastPosition: Int64
    package var status: WorkItemStatus
    package var source: Int32 = 0
    package var category: Int32 = 0
    package var queue: Int32 = 0
    /// Who has it, or had it last.
    package var agent: Int32 = 0
    package var channel: Int32 = 0
    package var mediaType: Int32 = 1
    package var segment: Int32 = 0
    package var product: Int32 = 0
    package var customer: Int32 = 0
    package var businessValue: Double?
    package var priorityBand: Int32 = 0
    package var resultCode: Int32 = 0
    package var configurationVersion: Int32 = 0
    package var calendar: Int32 = 0
    package var custom: [Int32] = []
    package var enteredAt: Int64
    package var activation: Int64
    package var due: Int64?
    package var firstOfferedAt: Int64?
    package var firstAcceptedAt: Int64?
    package var finishedAt: Int64?
    package var withinSLA: Bool?
    package var erased = false
    package var offers: Int32 = 0
    package var accepts: Int32 = 0
    package var misses: Int32 = 0
    package var transfers: Int32 = 0
    package var holds: Int32 = 0
    package var reopens: Int32 = 0
    package var waitTime: Int64 = 0
    package var handleTime: Int64 = 0
    package var holdTime: Int64 = 0
    package var finishTime: Int64?
    package var finishBusinessTime: Int64?
    /// The time of its last step, never before the one before that.
    package var effectiveAt: Int64
    package var waitingSince: Int64?
    package var assignedSince: Int64?
    package var heldSince: Int64?
    /// How often it went to an agent.
    package var workNumber: Int32 = 0
    /// The assignment or offer that lasts.
    package var work: TaskWork?
    /// Up to here what time changes has been counted.
    package var countedThrough: Int64

    package var isOpen: Bool { !status.isFinal }
    package var businessValueBand: Int32 { Bands<Double>.businessValue.key(of: businessValue) }

    /// Whether its due date has passed at an instant: completed at that very millisecond it is still in time.
    package func isOverdue(at milliseconds: Int64) -> Bool { due.map { milliseconds > $0 } ?? false }

    package func ageBand(at milliseconds: Int64) -> Int32 { Bands<Int64>.age.key(of: milliseconds - activation) }

    /// What it counts as in the backlog at an instant; nil once its life is over.
    package func backlogKind(at milliseconds: Int64) -> BacklogKind? {
        guard isOpen else { return nil }
        return BacklogKind(
            category: category, queue: queue, source: source, status: status.key, ageBand: ageBand(at: milliseconds),
            overdue: isOverdue(at: milliseconds))
    }

    /// The instants within `(after, through]` at which time alone changes what it counts as, in order.
    package func changes(after: Int64, through: Int64) -> [Int64] {
        guard isOpen, after < through else { return [] }
        var instants: [Int64] = []
        for bound in Bands<Int64>.age.bounds {
            let instant = activation + bound
            if instant > after, instant <= through { instants.append(instant) }
        }
        if let due, due + 1 > after, due + 1 <= through { instants.append(due + 1) }
        if instants.count > 1 { instants.sort() }
        return instants
    }

    /// When time alone next changes what it counts as; nil when nothing will.
    package var nextChange: Int64? {
        guard isOpen else { return nil }
        var next: Int64?
        if let due, due + 1 > countedThrough { next = due + 1 }
        for bound in Bands<Int64>.age.bounds {
            let instant = activation + bound
            guard instant > countedThrough else { continue }
            return min(next ?? instant, instant)
        }
        return next
    }
}

/// One time that an item went to an agent: a row of `task_work_fact`.
package struct TaskWork: Sendable, Hashable {
    package var number: Int32
    package var agent: Int32
    package var category: Int32
    package var queue: Int32
    package var source: Int32
    package var priorityBand: Int32
    /// offer, pull, assign or unpark.
    package var beganBy: String
    package var beganAt: Int64
    package var acceptedAt: Int64?
    package var endedAt: Int64?
    package var endedBy: String?
    package var waitTime: Int64?
    package var handleTime: Int64?
}
