import Domain
import Foundation

/// A work item as PostgreSQL keeps it. Names of the configuration appear as ids, times as `Instant`,
/// anchors and head starts as business milliseconds.
package struct WorkItem: Sendable, Equatable {
    package var id: UUID
    /// Counts the changes; the first revision is 1. Each revision has exactly one event.
    package var revision: Int32
    package var status: WorkItemStatus
    package var source: Int32
    package var captureId: String
    /// SHA-256 of the body as sent, before the source's defaults.
    package var contentHash: [UInt8]
    package var receivedAt: Instant
    /// Microseconds since 1970, strictly rising within an instance: decides between items of equal priority and age.
    package var arrival: Int64
    package var activation: Instant
    /// The due date that the source gave, if any; `due` is the one in force.
    package var dueGiven: Instant?
    package var due: Instant?
    package var autocompleteAt: Instant?
    /// The source's head start in seconds of age.
    package var priority: Double?
    package var businessValue: Double?
    /// The operators' head start, in business milliseconds.
    package var push: Int64
    /// The attributes as canonical JSON text.
    package var attributes: String
    package var customer: String?
    package var channel: String?
    /// Capacity units that the item takes of an agent.
    package var weight: Int32
    package var category: Int32?
    package var configurationVersion: Int32
    package var endpoint: Int32?
    /// The endpoint that someone transferred it to; outlives classification.
    package var endpointGiven: Int32?
    /// Ids of the required skills, ascending.
    package var skills: [Int32]
    package var schemaVersion: Int32?
    package var calendarVersion: Int32?
    package var preferredAgent: Int32?
    package var preferredUntil: Instant?
    package var anchor: Int64?
    /// The agent who has the item offered or assigned.
    package var assignee: Int32?
    /// Where a parked item lies: `agent:ID` or `group:NAME`.
    package var workbin: String?
    package var offeredAt: Instant?
    /// The revision at which the standing offer was made; with the item's id it is the offer's id.
    package var offerRevision: Int32?
    /// Until when an offer stands, or until when a parked item rests.
    package var deadline: Instant?
    /// The agent who missed or declined the last offer; passed over once.
    package var missedBy: Int32?
    package var heldFrom: WorkItemStatus?
    package var heldAt: Instant?
    /// The agent who had it when it was held, and may resume it.
    package var heldBy: Int32?
    /// Business milliseconds on hold that do not count against the service level.
    package var paused: Int64
    package var reason: String?
    package var result: String?
    /// The next moment at which time alone changes the item.
    package var wakeAt: Instant?
    package var completedAt: Instant?
    package var updatedAt: Instant

    /// The id of the offer that stands: the item and the revision at which it was made.
    package var offerId: OfferId? {
        guard status == .offered, let offerRevision else { return nil }
        return OfferId(workItem: id, revision: offerRevision)
    }

    /// Where the item waits, while it is queued.
    package var lane: LaneKey? {
        guard let endpoint, let schemaVersion, let calendarVersion else { return nil }
        return LaneKey(
            endpoint: endpoint, requiredSkills: skills, weight: weight, preferredAgent: preferredAgent,
            schemaVersion: schemaVersion, calendarVersion: calendarVersion)
    }

    /// Whether an agent has it offered or assigned, so that it counts against the agent's capacity.
    package var isOut: Bool { status == .offered || status == .assigned }

    /// When time next changes the item, by its status.
    package var nextWake: Instant? {
        let candidates: [Instant?] =
            switch status {
            case .new: [activation]
            case .queued: [autocompleteAt, preferredAgent == nil ? nil : preferredUntil]
            case .offered: [deadline]
            case .parked: [deadline, autocompleteAt]
            case .captured, .assigned, .held, .errorheld, .completed, .canceled, .rejected: []
            }
        return candidates.compactMap { $0 }.min()
    }
}
