import Domain

/// What a command does to an item, decided on locked rows without any I/O.
package enum CommandDecision {
    case changed(WorkItemChange)
    /// The command has its effect already, or nothing is due.
    case unchanged
    case refused(Refusal)
}

/// One change of one item: what its event tells.
package struct WorkItemChange: Sendable {
    package var before: WorkItem
    package var after: WorkItem
    package var action: WorkItemAction
    package var actor: Actor
    /// The agent concerned, also when the item is no longer theirs.
    package var agent: Int32?
    package var pick: PickedOffer?
    package var attributesChanged = false
    /// Why, as whoever did it said or as was found out by it. The item itself keeps the last reason that it was given.
    package var reason: String?

    /// Whether a change gives the item its reason, be it none; others leave the one it has, which is not theirs to tell.
    static func givesReason(_ action: WorkItemAction, from: WorkItemStatus, to: WorkItemStatus) -> Bool {
        switch action {
        case .submit, .hold, .resume, .cancel, .complete, .autocomplete, .restart, .decline, .transfer, .takeBack: true
        case .activate, .classify, .reprioritise, .reject, .fail, .offer, .accept, .miss, .recall, .withdraw,
            .returnToQueue, .pull, .assign, .park, .unpark, .update, .push, .erase:
            to != from && (to == .errorheld || to == .rejected)
        }
    }
}

/// Decides commands in the order of their arrival. The rows of the items and of their agents are locked by the caller.
package struct CommandDesk {
    let snapshot: TenantSnapshot
    let now: Instant
    package var agents: AgentLedger
    /// Items out per endpoint that has a limit, counted under the endpoint's gate.
    package var endpointLoads: [Int32: Int32]

    package init(snapshot: TenantSnapshot, now: Instant, agents: AgentLedger, endpointLoads: [Int32: Int32] = [:]) {
        self.snapshot = snapshot
        self.now = now
        self.agents = agents
        self.endpointLoads = endpointLoads
    }

    package mutating func decide(_ command: WorkItemOperation, on item: WorkItem, by actor: Actor) -> CommandDecision {
        switch command {
        case .offer(let pick): return offer(pick, item, actor)
        case .accept(let id): return accept(id, item, actor)
        case .decline(let id, let reason): return decline(id, reason, item, actor)
        case .recall(let revision, let reason): return recall(revision, reason, item, actor)
        case .timer: return timer(item)
        case .withdraw(let agent, let evenAssigned): return withdraw(agent, evenAssigned, item, actor)
        case .assign(let agent): return give(to: agent, action: .assign, item, actor)
        case .unpark(let agent): return give(to: agent, action: .unpark, item, actor)
        case .takeBack(let reason): return requeue(item, action: .takeBack, reason: reason, actor)
        case .transferToAgent(let agent, let reason): return transfer(item, toAgent: agent, reason, actor)
        case .transferToEndpoint(let endpoint, let reason): return transfer(item, toEndpoint: endpoint, reason, actor)
        case .park(let until, let workbin): return park(item, until, workbin, actor)
        case .update(let update): return self.update(item, update, actor)
        case .hold(let reason): return hold(item, reason, actor)
        case .resume: return resume(item, actor)
        case .cancel(let reason): return finish(item, .cancel, reason: reason, result: nil, actor)
        case .complete(let result): return finish(item, .complete, reason: nil, result: result, actor)
        case .restart: return restart(item, actor)
        case .activate: return activate(item, actor)
        case .rerank: return rerank(item, actor)
        case .followUp(let message): return followUp(item, message, actor)
        }
    }

    /// The change that takes `item` through `action`, or why the table of transitions forbids it.
    /// An agent who loses the item gets the capacity back here, and nowhere else.
    mutating func change(
        _ item: WorkItem, _ action: WorkItemAction, _ actor: Actor, to target: WorkItemStatus? = nil,
        edit: (inout WorkItem) -> Void = { _ in }
    ) -> CommandDecision {
        guard let allowed = Transition.next(from: item.status, action: action, heldFrom: item.heldFrom) else {
            return .refused(Refusal(.notAllowed, Transition.refusal(of: action, in: item.status)))
        }
        var after = item
        after.status = target ?? allowed
        after.revision += 1
        after.updatedAt = now
        edit(&after)
        if !after.isOut {
            after.assignee = nil
            after.offeredAt = after.status.isFinal ? after.offeredAt : nil
        }
        if after.status != .offered { after.offerRevision = nil }
        if after.status != .held { (after.heldFrom, after.heldAt, after.heldBy) = (nil, nil, nil) }
        // A parked item that is held keeps its workbin to return to, and until when it rests there.
        let rests = after.status == .parked || after.heldFrom == .parked
        if after.status != .offered, !rests { after.deadline = nil }
        if !rests { after.workbin = nil }
        after.completedAt = after.status.isFinal ? (after.completedAt ?? now) : nil
        after.wakeAt = after.nextWake
        if item.isOut, let agent = item.assignee, agent != after.assignee || after.weight != item.weight {
            agents.giveBack(item.weight, from: agent, at: now)
            if let endpoint = item.endpoint { endpointLoads[endpoint]? -= 1 }
        }
        return .changed(
            WorkItemChange(
                before: item, after: after, action: action, actor: actor, agent: after.assignee ?? item.assignee,
                reason: WorkItemChange.givesReason(action, from: item.status, to: after.status) ? after.reason : nil))
    }
}
