import Domain

/// The item's own life: content, hold, end and return.
extension CommandDesk {
    mutating func update(_ item: WorkItem, _ update: UpdateCommand, _ actor: Actor) -> CommandDecision {
        guard Transition.next(from: item.status, action: .update) != nil else { return change(item, .update, actor) }
        var edited = item
        let attributes: JSONObject
        do {
            attributes = try update.attributes(mergedInto: JSONObject(stored: item.attributes))
        } catch {
            return .refused(Refusal(.invalid, "The attributes cannot be changed so.", problems: error.problems))
        }
        edited.setAttributes(attributes, snapshot: snapshot)
        edited.dueGiven = update.due.applied(to: item.dueGiven)
        edited.priority = update.priority.applied(to: item.priority)
        edited.businessValue = update.businessValue.applied(to: item.businessValue)
        if let push = update.push { edited.push += Int64(push * 1000) }
        // A due date that is set is meant as it stands: no earlier hold moves it.
        if case .set = update.due {
            edited.paused = 0
            if item.status == .held { edited.heldAt = now }
        }
        let attributesChanged = edited.attributes != item.attributes
        guard edited != item else { return .unchanged }
        let decision: CommandDecision
        switch item.status {
        case .queued, .captured, .new:
            decision = place(edited, from: item, action: .update, attributes: attributes, actor)
        default:
            PlaceWorkItem.revise(&edited, attributes: attributes, at: now, in: snapshot)
            decision = replaced(item, by: edited, .update, actor, to: item.status)
        }
        guard case .changed(var change) = decision else { return decision }
        change.attributesChanged = attributesChanged
        return .changed(change)
    }

    mutating func hold(_ item: WorkItem, _ reason: String?, _ actor: Actor) -> CommandDecision {
        if item.status == .held { return .unchanged }
        let now = now
        return change(item, .hold, actor) {
            $0.heldFrom = item.status
            $0.heldAt = now
            $0.heldBy = item.assignee
            $0.reason = reason
            $0.assignee = nil
        }
    }

    mutating func resume(_ item: WorkItem, _ actor: Actor) -> CommandDecision {
        switch item.status {
        // What was held before its time still waits for its activation, unless it cannot be placed, as before the hold.
        case .held where item.heldFrom != .parked && item.activation > now:
            var edited = item
            edited.reason = nil
            return place(edited, from: item, action: .resume, attributes: JSONObject(stored: item.attributes), actor)
        case .held:
            let spared = pause(of: item)
            guard item.heldFrom == .parked else {
                return returnToQueue(item, .resume, actor) {
                    $0.paused += spared
                    $0.reason = nil
                }
            }
            var edited = item
            edited.paused += spared
            // What does not fit the configuration any more is found when its rest is over.
            edited.reason = PlaceWorkItem.replace(&edited, at: now, in: snapshot)
            return replaced(item, by: edited, .resume, actor, to: .parked)
        case .errorheld:
            var edited = item
            edited.reason = nil
            return place(edited, from: item, action: .resume, attributes: JSONObject(stored: item.attributes), actor)
        // Only the system: its workbin is gone. People take it out of there, or take it back.
        case .parked where actor.kind == .system:
            return returnToQueue(item, .returnToQueue, actor)
        case .queued, .captured:
            return .unchanged
        default:
            return change(item, .resume, actor)
        }
    }

    /// What a hold spares the service level, as the category says. Before its activation an item has no age to stop.
    private func pause(of item: WorkItem) -> Int64 {
        guard let heldAt = item.heldAt, let category = item.category,
            snapshot.placements[category]?.holdPausesSLA == true
        else { return 0 }
        return RankWorkItem.openTime(of: item, from: max(heldAt, item.activation), to: now, in: snapshot)
    }

    mutating func finish(
        _ item: WorkItem, _ action: WorkItemAction, reason: String?, result: String?, _ actor: Actor
    ) -> CommandDecision {
        if action == .complete && item.status == .completed || action == .cancel && item.status == .canceled {
            return .unchanged
        }
        let spared = pause(of: item)
        var edited = item
        if spared > 0, let placement = item.category.flatMap({ snapshot.placements[$0] }) {
            // What ends while it is held is judged by a due date that the hold has moved.
            edited.paused += spared
            _ = RankWorkItem.rank(&edited, by: placement, in: snapshot)
        }
        return change(item, action, actor) {
            ($0.paused, $0.due, $0.anchor) = (edited.paused, edited.due, edited.anchor)
            $0.autocompleteAt = edited.autocompleteAt
            $0.reason = reason
            $0.result = result ?? $0.result
        }
    }

    /// The customer has written again: an open item gets the news, one that has ended begins again if it may, for the agent
    /// first who answered last.
    mutating func followUp(_ item: WorkItem, _ message: FollowUp, _ actor: Actor) -> CommandDecision {
        guard item.status.isFinal else { return update(item, message.update, actor) }
        guard message.reopens else { return .unchanged }
        return restart(item, actor, with: message)
    }

    /// A final item starts a new life: its age counts from now, unless the source gave the due date.
    mutating func restart(_ item: WorkItem, _ actor: Actor, with message: FollowUp? = nil) -> CommandDecision {
        var edited = item
        edited.activation = now
        (edited.reason, edited.result, edited.missedBy, edited.offeredAt) = (nil, nil, nil, nil)
        edited.completedAt = nil
        (edited.preferredAgent, edited.preferredUntil) = (nil, nil)
        edited.paused = 0
        var attributes = JSONObject(stored: item.attributes)
        guard let message else { return place(edited, from: item, action: .restart, attributes: attributes, actor) }
        // Attributes that have no room for the news stay as they were.
        attributes = (try? message.update.attributes(mergedInto: attributes)) ?? attributes
        edited.setAttributes(attributes, snapshot: snapshot)
        var placed = edited
        if let agent = message.preferredAgent,
            case .queued = PlaceWorkItem.place(&placed, attributes: attributes, at: now, in: snapshot),
            refusalToServe(placed, by: agent) == nil
        {
            edited.preferredAgent = agent
        }
        return place(edited, from: item, action: .restart, attributes: attributes, actor)
    }

    mutating func activate(_ item: WorkItem, _ actor: Actor, at activation: Instant? = nil) -> CommandDecision {
        var edited = item
        edited.activation = activation ?? now
        return place(edited, from: item, action: .activate, attributes: JSONObject(stored: item.attributes), actor)
    }

    /// Ranked again by the active configuration; its category stays while there is one of that name.
    mutating func rerank(_ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .queued else { return .unchanged }
        var edited = item
        if let reason = PlaceWorkItem.replace(&edited, at: now, in: snapshot) {
            edited.reason = reason
            // From the lane that it was in, which `edited` may no longer name.
            return replaced(item, by: edited, .fail, actor, to: .errorheld)
        }
        var unversioned = edited
        unversioned.configurationVersion = item.configurationVersion
        guard unversioned != item else { return .unchanged }
        return replaced(item, by: edited, .reprioritise, actor, to: .queued)
    }

    /// Back to the queue from wherever it was, ranked by what is true now: content and configuration may have changed
    /// meanwhile. What cannot be queued any more is kept for a person to look at.
    mutating func returnToQueue(
        _ item: WorkItem, _ action: WorkItemAction, _ actor: Actor, edit: (inout WorkItem) -> Void = { _ in }
    ) -> CommandDecision {
        var edited = item
        edit(&edited)
        guard let reason = PlaceWorkItem.replace(&edited, at: now, in: snapshot) else {
            return replaced(item, by: edited, action, actor, to: .queued)
        }
        edited.reason = reason
        return replaced(item, by: edited, action, actor, to: .errorheld)
    }

    /// Classifies and ranks `edited` and takes `item` there in one step.
    private mutating func place(
        _ edited: WorkItem, from item: WorkItem, action: WorkItemAction, attributes: JSONObject, _ actor: Actor
    ) -> CommandDecision {
        var placed = edited
        switch PlaceWorkItem.place(&placed, attributes: attributes, at: now, in: snapshot) {
        case .queued: return replaced(item, by: placed, action, actor, to: .queued)
        // What is queued is active: a clock that was read a moment earlier does not make it wait again.
        case .waitingForActivation:
            return replaced(item, by: placed, action, actor, to: item.status == .queued ? .queued : .new)
        case .rejected(let reason):
            placed.reason = reason
            return replaced(item, by: placed, action, actor, to: .rejected)
        case .failed(let reason):
            placed.reason = reason
            return replaced(item, by: placed, action, actor, to: .errorheld)
        }
    }

    private mutating func replaced(
        _ item: WorkItem, by edited: WorkItem, _ action: WorkItemAction, _ actor: Actor, to status: WorkItemStatus
    ) -> CommandDecision {
        change(item, action, actor, to: status) { after in
            let (revision, updatedAt) = (after.revision, after.updatedAt)
            after = edited
            after.status = status
            after.revision = revision
            after.updatedAt = updatedAt
        }
    }
}
