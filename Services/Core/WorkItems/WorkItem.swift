import Domain
import Foundation

/// A work item as PostgreSQL keeps it. Names of the configuration appear as ids, times as `Instant`,
/// anchors and head starts as business milliseconds.
public struct WorkItem: Sendable, Equatable {
    public var id: UUID
    /// Counts the changes; the first revision is 1. Each revision has exactly one event.
    public var revision: Int32
    public var status: WorkItemStatus
    public var source: Int32
    public var captureId: String
    /// SHA-256 of the body as sent, before the source's defaults.
    public var contentHash: [UInt8]
    public var receivedAt: Instant
    /// Microseconds since 1970, strictly rising within an instance: decides between items of equal priority and age.
    public var arrival: Int64
    public var activation: Instant
    /// The due date that the source gave, if any; `due` is the one in force.
    public var dueGiven: Instant?
    public var due: Instant?
    public var autocompleteAt: Instant?
    /// The source's head start in seconds of age.
    public var priority: Double?
    public var businessValue: Double?
    /// The operators' head start, in business milliseconds.
    public var push: Int64
    /// The attributes as canonical JSON text.
    public var attributes: String
    public var customer: String?
    public var channel: String?
    /// Capacity units that the item takes of an agent.
    public var weight: Int32
    public var category: Int32?
    public var configurationVersion: Int32
    public var endpoint: Int32?
    /// The endpoint that someone transferred it to; outlives classification.
    public var endpointGiven: Int32?
    /// Ids of the required skills, ascending.
    public var skills: [Int32]
    public var schemaVersion: Int32?
    public var calendarVersion: Int32?
    public var preferredAgent: Int32?
    public var preferredUntil: Instant?
    public var anchor: Int64?
    /// The agent who has the item offered or assigned.
    public var assignee: Int32?
    /// Where a parked item lies: `agent:ID` or `group:NAME`.
    public var workbin: String?
    public var offeredAt: Instant?
    /// The revision at which the standing offer was made; with the item's id it is the offer's id.
    public var offerRevision: Int32?
    /// Until when an offer stands, or until when a parked item rests.
    public var deadline: Instant?
    /// The agent who missed or declined the last offer; passed over once.
    public var missedBy: Int32?
    public var heldFrom: WorkItemStatus?
    public var heldAt: Instant?
    /// The agent who had it when it was held, and may resume it.
    public var heldBy: Int32?
    /// Business milliseconds on hold that do not count against the service level.
    public var paused: Int64
    public var reason: String?
    public var result: String?
    /// The next moment at which time alone changes the item.
    public var wakeAt: Instant?
    public var completedAt: Instant?
    public var updatedAt: Instant

    /// The id of the offer that stands: the item and the revision at which it was made.
    public var offerId: OfferId? {
        guard status == .offered, let offerRevision else { return nil }
        return OfferId(workItem: id, revision: offerRevision)
    }

    /// Where the item waits, while it is queued.
    public var lane: LaneKey? {
        guard let endpoint, let schemaVersion, let calendarVersion else { return nil }
        return LaneKey(
            endpoint: endpoint, requiredSkills: skills, weight: weight, preferredAgent: preferredAgent,
            schemaVersion: schemaVersion, calendarVersion: calendarVersion)
    }

    /// Whether an agent has it offered or assigned, so that it counts against the agent's capacity.
    public var isOut: Bool { status == .offered || status == .assigned }

    /// When time next changes the item, by its status.
    public var nextWake: Instant? {
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
