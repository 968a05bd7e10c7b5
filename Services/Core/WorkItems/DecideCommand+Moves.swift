import Domain

/// Moves between agents, endpoints and workbins, by supervisors and agents.
extension CommandDesk {
    /// `assign` and `unpark`: the item goes straight to the agent, who must have room for it.
    mutating func give(to agent: Int32, action: WorkItemAction, _ item: WorkItem, _ actor: Actor) -> CommandDecision {
        if item.status == .assigned, item.assignee == agent { return .unchanged }
        guard Transition.next(from: item.status, action: action) != nil else {
            return change(item, action, actor)
        }
        if let refusal = refusalToTake(item, by: agent) { return .refused(refusal) }
        let decision = change(item, action, actor, to: .assigned) {
            // The offer that another agent had is over, and its late acceptance must not count as a repeat.
            if $0.assignee != agent { $0.offeredAt = nil }
            $0.assignee = agent
        }
        // `change` has given back what a former agent held; an offer turned into an assignment of the same agent keeps its place.
        if !(item.isOut && item.assignee == agent) {
            agents.take(item.weight, by: agent)
            if let endpoint = item.endpoint { endpointLoads[endpoint]? += 1 }
        }
        return decision
    }

    /// Back to its rank in the queue.
    mutating func requeue(_ item: WorkItem, action: WorkItemAction, reason: String?, _ actor: Actor) -> CommandDecision
    {
        returnToQueue(item, action, actor) { $0.reason = reason }
    }

    mutating func transfer(_ item: WorkItem, toAgent agent: Int32, _ reason: String?, _ actor: Actor) -> CommandDecision
    {
        var placed = item
        if Transition.next(from: item.status, action: .transfer) != nil,
            // What cannot be placed at all is told by the transfer itself.
            PlaceWorkItem.replace(&placed, at: now, in: snapshot) == nil,
            let refusal = refusalToServe(placed, by: agent)
        {
            return .refused(refusal)
        }
        return returnToQueue(item, .transfer, actor) {
            $0.preferredAgent = agent
            $0.preferredUntil = nil
            $0.missedBy = nil
            $0.reason = reason
        }
    }

    mutating func transfer(
        _ item: WorkItem, toEndpoint endpoint: Int32, _ reason: String?, _ actor: Actor
    ) -> CommandDecision {
        returnToQueue(item, .transfer, actor) {
            $0.endpointGiven = endpoint
            $0.preferredAgent = nil
            $0.preferredUntil = nil
            $0.missedBy = nil
            $0.reason = reason
        }
    }

    mutating func park(_ item: WorkItem, _ until: Instant?, _ workbin: String?, _ actor: Actor) -> CommandDecision {
        guard let agent = item.assignee, item.status == .assigned else { return change(item, .park, actor) }
        if let until, until <= now {
            return .refused(
                Refusal(
                    .invalid, "The item is to rest until a moment that has passed.",
                    problems: [
                        BodyProblem(path: "/until", message: "must lie in the future")
                    ]))
        }
        let bin = workbin ?? snapshot.agents[agent]?.workbin ?? Workbin.ofAgent(String(agent))
        return change(item, .park, actor) {
            $0.workbin = bin
            $0.deadline = until
        }
    }

    /// Whatever time has made due.
    mutating func timer(_ item: WorkItem) -> CommandDecision {
        guard let wake = item.wakeAt, wake <= now else { return .unchanged }
        switch item.status {
        case .new: return activate(item, .timer, at: item.activation)
        case .offered: return miss(item)
        case .queued, .parked:
            if let autocomplete = item.autocompleteAt, autocomplete <= now {
                return finish(item, .autocomplete, reason: "autocomplete", result: nil, .timer)
            }
            if item.status == .parked { return wakeParked(item) }
            return change(item, .reprioritise, .timer) {
                $0.preferredAgent = nil
                $0.preferredUntil = nil
            }
        case .captured, .assigned, .held, .errorheld, .completed, .canceled, .rejected:
            return .unchanged
        }
    }

    /// A parked item's rest is over: back to the queue, for the agent whose workbin it was first.
    private mutating func wakeParked(_ item: WorkItem) -> CommandDecision {
        let owner = item.workbin.flatMap(Workbin.agent(of:)).flatMap { snapshot.names.id(of: .agent, $0) }
        return returnToQueue(item, .returnToQueue, .timer) {
            $0.preferredAgent = owner
            $0.preferredUntil = nil
        }
    }
}
