/// Where a work item is in its life.
public enum WorkItemStatus: String, CaseIterable, Sendable, Hashable {
    /// Its activation lies in the future.
    case new
    /// Taken in; to be classified and ranked next.
    case captured
    /// Waiting in its lane for an agent.
    case queued
    /// Offered to one agent, who has not answered yet.
    case offered
    /// With one agent, who works on it.
    case assigned
    /// Set aside until `resume`; the status it was held from is kept beside it.
    case held
    /// In the workbin of an agent or a group.
    case parked
    /// Classification or ranking failed; `resume` tries again.
    case errorheld
    /// Done.
    case completed
    /// Called off.
    case canceled
    /// No category takes it, or it was overdue on arrival where its category refuses that.
    case rejected

    /// Whether the item's life is over; only `restart` leads out.
    public var isFinal: Bool {
        switch self {
        case .completed, .canceled, .rejected: true
        default: false
        }
    }

    /// Whether one agent has it, so that it counts against the agent's capacity.
    public var isWithAgent: Bool { self == .offered || self == .assigned }
}
