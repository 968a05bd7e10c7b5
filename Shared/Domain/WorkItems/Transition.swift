/// The one table of what may happen to a work item in which status, and where it leads.
public enum Transition {
    /// The status in which a submitted item starts.
    public static func initial(activation: Instant?, now: Instant) -> WorkItemStatus {
        activation.map { $0 > now } == true ? .new : .captured
    }

    /// The status after `action`, or nil when it is not allowed in `status`.
    ///
    /// `heldFrom` is the status that the item had when it was held, and decides where `resume` leads: a
    /// new or parked item returns there, every other is ranked again from `captured`.
    public static func next(
        from status: WorkItemStatus, action: WorkItemAction, heldFrom: WorkItemStatus? = nil
    ) -> WorkItemStatus? {
        if status == .held, action == .resume {
            return heldFrom == .new || heldFrom == .parked ? heldFrom : .captured
        }
        return targets(from: status, action: action).first
    }

    /// Whether a step of an item's history follows the table.
    public static func isAllowed(from status: WorkItemStatus, to next: WorkItemStatus, action: WorkItemAction) -> Bool {
        targets(from: status, action: action).contains(next)
    }

    /// What can happen in that status, in the order of `WorkItemAction.allCases`.
    public static func actions(in status: WorkItemStatus) -> [WorkItemAction] {
        WorkItemAction.allCases.filter { !targets(from: status, action: $0).isEmpty }
    }

    /// Every status that `action` can lead to, the usual one first; empty when it is not allowed. `submit` has none: it makes the item, see `initial`.
    public static func targets(from status: WorkItemStatus, action: WorkItemAction) -> [WorkItemStatus] {
        switch (status, action) {
        case (_, .submit): []

        case (.new, .activate): [.captured]

        case (.captured, .classify), (.queued, .classify): [.queued]
        case (.captured, .reject), (.queued, .reject): [.rejected]
        case (.captured, .fail), (.queued, .fail): [.errorheld]
        case (.queued, .reprioritise), (.offered, .reprioritise), (.assigned, .reprioritise),
            (.parked, .reprioritise), (.held, .reprioritise):
            [status]

        case (.queued, .offer): [.offered]
        case (.queued, .pull): [.assigned]
        case (.offered, .accept): [.assigned]
        // What cannot be queued any more, since configuration or content changed meanwhile, is kept for a person.
        case (.offered, .decline), (.offered, .miss), (.offered, .recall),
            (.offered, .withdraw), (.assigned, .withdraw),
            (.offered, .returnToQueue), (.assigned, .returnToQueue), (.parked, .returnToQueue),
            (.offered, .takeBack), (.assigned, .takeBack), (.parked, .takeBack):
            [.queued, .errorheld]

        case (.queued, .assign), (.offered, .assign), (.assigned, .assign), (.parked, .assign): [.assigned]
        case (.queued, .transfer), (.offered, .transfer), (.assigned, .transfer), (.parked, .transfer):
            [.queued, .errorheld]
        case (.assigned, .park): [.parked]
        case (.parked, .unpark): [.assigned]

        // New content of a waiting item may fit nowhere.
        case (.queued, .update), (.captured, .update), (.new, .update): [status, .rejected, .errorheld]
        case (_, .update), (_, .push): status.isFinal ? [] : [status]
        case (_, .hold): status.isFinal || status == .held ? [] : [.held]
        case (.held, .resume): [.captured, .new, .parked]
        case (.errorheld, .resume): [.captured, .new]
        case (_, .cancel): status.isFinal ? [] : [.canceled]
        case (_, .complete): status.isFinal ? [] : [.completed]
        case (_, .autocomplete): status.isFinal || status == .new ? [] : [.completed]
        case (_, .restart): status.isFinal ? [.captured] : []
        // Whatever becomes of it, a customer's data can go.
        case (_, .erase): [status]

        default: []
        }
    }

    /// Whether this step takes the item from the agent who had it, so that the agent must be told and the
    /// capacity given back. Assigning it to another agent does as well; the caller knows both agents.
    public static func leavesAgent(from status: WorkItemStatus, to next: WorkItemStatus) -> Bool {
        status.isWithAgent && !next.isWithAgent
    }

    /// What to answer when `action` is not allowed in `status`: what is wrong and what is possible.
    public static func refusal(of action: WorkItemAction, in status: WorkItemStatus) -> String {
        let possible = actions(in: status).filter(WorkItemAction.commands.contains).map(\.rawValue)
        return "\(action.rawValue) is not possible while the item is \(status.rawValue); "
            + "possible now: \(possible.joined(separator: ", "))."
    }
}
