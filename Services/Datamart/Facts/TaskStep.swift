import Domain
import Foundation

/// One step of a work item with the keys of its dimensions: a row of `task_event_fact`, and what the fold takes.
package struct TaskStep: Sendable {
    package var position: Int64
    /// Milliseconds since 1970, as the event says.
    package var at: Int64
    package var item: UUID
    package var revision: Int32
    /// The action: `offer` of `workitem.offer`.
    package var action: WorkItemAction
    package var eventType: Int32 = 0
    package var from: WorkItemStatus?
    package var via: WorkItemStatus?
    package var to: WorkItemStatus
    package var heldFrom: WorkItemStatus?
    package var actorKind = ""
    package var actor = ""
    /// The agent concerned; 0 for none.
    package var agent: Int32 = 0
    package var category: Int32 = 0
    package var queue: Int32 = 0
    package var source: Int32 = 0
    package var channel: Int32 = 0
    package var priority: Double?
    package var age: Int64?
    package var anchor: Int64?
    package var activation: Int64?
    package var due: Int64?
    package var deadline: Int64?
    package var weight: Int32 = 1
    package var workbin: String?
    package var reason: String?
    package var resultCode: Int32 = 0
    package var configurationVersion: Int32 = 0
    /// The calendar that its category had in that configuration; 0 is always open.
    package var calendar: Int32 = 0
    package var captureId = ""
    /// What the item says, when it is new or has changed.
    package var content: TaskContent?

    /// A step without dimensions, for `FoldTask`'s tests and to be filled in.
    package init(
        position: Int64, at: Int64, item: UUID, revision: Int32, action: WorkItemAction, from: WorkItemStatus?,
        to: WorkItemStatus
    ) {
        self.position = position
        self.at = at
        self.item = item
        self.revision = revision
        self.action = action
        self.from = from
        self.to = to
    }
}

/// The dimensions that an item's content decides.
package struct TaskContent: Sendable {
    package var mediaType: Int32 = 1
    package var segment: Int32 = 0
    package var product: Int32 = 0
    package var customer: Int32 = 0
    package var businessValue: Double?
    /// By slot, 0 where the attribute is absent; empty when no custom attributes are mapped.
    package var custom: [Int32] = []
    /// Whether the item has no attributes at all.
    package var isEmpty = false

    package init() {}
}

extension WorkItemStatus {
    /// Its key in `dim_status`: 1 for `new` to 11 for `rejected`.
    package var key: Int32 {
        switch self {
        case .new: 1
        case .captured: 2
        case .queued: 3
        case .offered: 4
        case .assigned: 5
        case .held: 6
        case .parked: 7
        case .errorheld: 8
        case .completed: 9
        case .canceled: 10
        case .rejected: 11
        }
    }

    /// The status of a key; nil for 0.
    package init?(key: Int32) {
        guard let status = Self.allCases.first(where: { $0.key == key }) else { return nil }
        self = status
    }
}
