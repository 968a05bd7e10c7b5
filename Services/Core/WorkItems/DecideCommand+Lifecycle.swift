import Domain

/// The item's own life: content, hold, end and return.
extension CommandDesk {
    mutating func update(_ item: WorkItem, _ update: UpdateCommand, _ actor: Actor) -> CommandDecision {
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
        let attributesChanged = edited.attributes != item.attributes
        guard edited != item else { return .unchanged }
        // With an agent, held or parked only the content changes; it is placed anew when it returns to the queue.
        let decision =
            switch item.status {
            case .queued, .captured, .new: place(edited, from: item, action: .update, attributes: attributes, actor)
            default: change(item, .update, actor, to: item.status) { after in
                (after.attributes, after.customer) = (edited.attributes, edited.customer)
                (after.dueGiven, after.priority) = (edited.dueGiven, edited.priority)
                (after.businessValue, after.push) = (edited.businessValue, edited.push)
            }
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
            $0.reason = reason
            $0.assignee = nil
        }
    }

    mutating func resume(_ item: WorkItem, _ actor: Actor) -> CommandDecision {
        var edited = item
        if item.status == .held, let heldAt = item.heldAt, let category = item.category,
            snapshot.placements[category]?.holdPausesSLA == true
        {
            // Before its activation an item has no age that a hold could stop.
            RankWorkItem.shift(&edited, byHoldFrom: max(heldAt, item.activation), to: now, in: snapshot)
        }
        switch item.status {
        case .held where item.heldFrom == .new && item.activation > now:
            return change(item, .resume, actor, to: .new)
        case .held where item.heldFrom != .parked && edited.entry == nil:
            // Held before it had a place, since it could not be classified or ranked: that is tried again.
            return place(edited, from: item, action: .resume, attributes: JSONObject(stored: item.attributes), actor)
        case .held:
            let shifted = edited
            return change(item, .resume, actor, to: item.heldFrom == .parked ? .parked : .queued) {
                ($0.anchor, $0.due, $0.autocompleteAt) = (shifted.anchor, shifted.due, shifted.autocompleteAt)
                $0.reason = nil
            }
        case .errorheld:
            return place(edited, from: item, action: .resume, attributes: JSONObject(stored: item.attributes), actor)
        case .parked:
            return change(item, .returnToQueue, actor, to: .queued)
        case .queued, .captured:
            return .unchanged
        default:
            return change(item, .resume, actor)
        }
    }

    mutating func finish(
        _ item: WorkItem, _ action: WorkItemAction, reason: String?, result: String?, _ actor: Actor
    ) -> CommandDecision {
        if action == .complete && item.status == .completed || action == .cancel && item.status == .canceled {
            return .unchanged
        }
        return change(item, action, actor) {
            $0.reason = reason
            $0.result = result ?? $0.result
        }
    }

    /// A final item starts a new life: its age counts from now, unless the source gave the due date.
    mutating func restart(_ item: WorkItem, _ actor: Actor) -> CommandDecision {
        var edited = item
        edited.activation = now
        (edited.reason, edited.result, edited.missedBy, edited.offeredAt) = (nil, nil, nil, nil)
        (edited.preferredAgent, edited.preferredUntil) = (nil, nil)
        return place(edited, from: item, action: .restart, attributes: JSONObject(stored: item.attributes), actor)
    }

    mutating func activate(_ item: WorkItem, _ actor: Actor, at activation: Instant? = nil) -> CommandDecision {
        var edited = item
        edited.activation = activation ?? now
        return place(edited, from: item, action: .activate, attributes: JSONObject(stored: item.attributes), actor)
    }

    /// Ranked again by the active configuration; classification stays.
    mutating func rerank(_ item: WorkItem, _ actor: Actor) -> CommandDecision {
        guard item.status == .queued, let category = item.category, let placement = snapshot.placements[category] else {
            return .unchanged
        }
        var edited = item
        edited.configurationVersion = snapshot.version
        edited.weight = snapshot.weight(ofChannel: item.channel)
        if let failure = PlaceWorkItem.settle(&edited, by: placement, at: now, in: snapshot) {
            edited.reason = failure.rawValue
            // From the lane that it was in, which `edited` may no longer name.
            return replaced(item, by: edited, .fail, actor, to: .errorheld)
        }
        var unversioned = edited
        unversioned.configurationVersion = item.configurationVersion
        guard unversioned != item else { return .unchanged }
        return replaced(item, by: edited, .reprioritise, actor, to: .queued)
    }

    /// Classifies and ranks `edited` and takes `item` there in one step.
    private mutating func place(
        _ edited: WorkItem, from item: WorkItem, action: WorkItemAction, attributes: JSONObject, _ actor: Actor
    ) -> CommandDecision {
        var placed = edited
        switch PlaceWorkItem.place(&placed, attributes: attributes, at: now, in: snapshot) {
        case .queued: return replaced(item, by: placed, action, actor, to: .queued)
        case .waitingForActivation: return replaced(item, by: placed, action, actor, to: .new)
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
