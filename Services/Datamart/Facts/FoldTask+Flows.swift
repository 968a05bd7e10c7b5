import Domain

extension FoldTask {
    /// Counts what the step means and carries the item's own measures on.
    func follow(
        _ step: TaskStep, from before: TaskState, to after: inout TaskState, isNew: Bool, _ flows: inout TaskFlows
    ) -> Outcome {
        var outcome = Outcome()
        // A new item was nowhere before.
        let was = isNew ? nil : before.status
        leave(was, step, before, &after, &flows, &outcome)
        countAction(step, was, before, &after, &flows)
        let work = after.work
        enter(was, step, &after, &flows, &outcome)
        if let changed = after.work, changed != work { outcome.works.append(changed) }
        return outcome
    }

    /// What ends with the step: an assignment, an offer, a hold.
    private func leave(
        _ was: WorkItemStatus?, _ step: TaskStep, _ before: TaskState, _ after: inout TaskState,
        _ flows: inout TaskFlows,
        _ outcome: inout Outcome
    ) {
        let time = after.effectiveAt
        let reassigned = step.action == .assign
        if was == .assigned, step.to != .assigned || reassigned {
            if let since = before.assignedSince {
                flows.count(.handled, 1, .before, agent: before.agent)
                flows.count(.handleTime, time - since, .before, agent: before.agent)
                after.handleTime += time - since
                outcome.releasedFrom = before.agent
            }
            after.assignedSince = nil
        }
        if was == .held, step.to != .held {
            if let since = before.heldSince {
                flows.count(.holdsEnded, 1, .before)
                flows.count(.holdTime, time - since, .before)
                after.holdTime += time - since
            }
            after.heldSince = nil
        }
        let leaves = was?.isWithAgent == true && (!step.to.isWithAgent || reassigned)
        if leaves, var work = after.work {
            work.endedAt = time
            work.endedBy = step.action.rawValue
            if let accepted = work.acceptedAt { work.handleTime = time - accepted }
            outcome.works.append(work)
            after.work = nil
        }
    }

    private func countAction(
        _ step: TaskStep, _ was: WorkItemStatus?, _ before: TaskState, _ after: inout TaskState,
        _ flows: inout TaskFlows
    ) {
        let holder = was?.isWithAgent == true ? before.agent : 0
        let concerned = step.agent != 0 ? step.agent : holder
        switch step.action {
        case .activate: flows.count(.activated)
        case .offer:
            flows.count(.offered, agent: concerned)
            after.offers += 1
            after.firstOfferedAt = after.firstOfferedAt ?? after.effectiveAt
        case .accept: flows.count(.accepted, agent: concerned)
        case .pull: flows.count(.pulled, agent: concerned)
        case .assign: flows.count(.given, agent: concerned)
        case .miss:
            flows.count(.missed, 1, .before, agent: concerned)
            after.misses += 1
        case .decline: flows.count(.declined, 1, .before, agent: concerned)
        case .recall: flows.count(.recalled, 1, .before, agent: concerned)
        case .withdraw, .takeBack, .returnToQueue:
            if was?.isWithAgent == true { flows.count(.withdrawn, 1, .before, agent: concerned) }
        case .transfer:
            flows.count(.transferred, 1, .before, agent: holder)
            after.transfers += 1
        case .park: flows.count(.parked, 1, .before, agent: concerned)
        case .restart:
            flows.count(.reopened)
            after.reopens += 1
            (after.finishedAt, after.withinSLA, after.finishTime, after.finishBusinessTime) = (nil, nil, nil, nil)
        default: break
        }
        if step.to == .held, was != .held {
            flows.count(.held, 1, .before, agent: holder)
            after.holds += 1
        }
        if step.to == .errorheld, was != .errorheld { flows.count(.failed) }
        // What is restarted and refused at once has ended again.
        if step.to.isFinal, was?.isFinal != true || step.action == .restart {
            finish(step, agent: concerned, &after, &flows)
        }
    }

    private func finish(_ step: TaskStep, agent: Int32, _ after: inout TaskState, _ flows: inout TaskFlows) {
        let time = after.effectiveAt
        after.finishedAt = time
        switch step.to {
        case .canceled: flows.count(.canceled, agent: agent)
        case .rejected: flows.count(.rejected)
        default:
            flows.count(.completed, agent: agent)
            if step.action == .autocomplete { flows.count(.autocompleted, agent: agent) }
            // Completed before its activation it took no time.
            let start = min(after.activation, time)
            let business = businessTime(after.calendar, time) - businessTime(after.calendar, start)
            flows.count(.finishTime, time - start, agent: agent)
            flows.count(.finishBusinessTime, business, agent: agent)
            (after.finishTime, after.finishBusinessTime) = (time - start, business)
            guard after.due != nil else { return }
            let overdue = after.isOverdue(at: time)
            flows.count(.slaEligible, agent: agent)
            flows.count(overdue ? .finishedOverdue : .slaMet, agent: agent)
            after.withinSLA = !overdue
        }
    }

    /// What begins with the step: waiting, a hold, an offer, an assignment.
    private func enter(
        _ was: WorkItemStatus?, _ step: TaskStep, _ after: inout TaskState, _ flows: inout TaskFlows,
        _ outcome: inout Outcome
    ) {
        let time = after.effectiveAt
        let moved = step.action == .transfer
        switch step.to {
        case .queued:
            // An offer that comes to nothing does not end the waiting; a transfer begins another.
            if (was != .queued && was != .offered) || moved { after.waitingSince = time }
        case .offered:
            if step.action == .offer { begin(step, &after, acceptedAt: nil) }
        case .assigned where was != .assigned || step.action == .assign:
            take(step, was, &after, &flows)
            outcome.assignedTo = after.agent
        case .held where was != .held:
            after.heldSince = time
            after.waitingSince = nil
        case .assigned, .held: break
        default: after.waitingSince = nil
        }
    }

    /// An agent gets the item to work on.
    private func take(_ step: TaskStep, _ was: WorkItemStatus?, _ after: inout TaskState, _ flows: inout TaskFlows) {
        let time = after.effectiveAt
        let waited = after.waitingSince.map { time - $0 }
        after.waitingSince = nil
        if was == .offered, after.work != nil {
            if step.agent != 0 { after.agent = step.agent }
            after.work?.acceptedAt = time
            after.work?.waitTime = waited
        } else {
            begin(step, &after, acceptedAt: time)
            after.work?.waitTime = waited
        }
        if let waited {
            flows.count(.waits, agent: after.agent)
            flows.count(.waitTime, waited, agent: after.agent)
            after.waitTime += waited
        }
        after.accepts += 1
        after.assignedSince = time
        after.firstAcceptedAt = after.firstAcceptedAt ?? time
    }

    private func begin(_ step: TaskStep, _ after: inout TaskState, acceptedAt: Int64?) {
        after.agent = step.agent
        after.workNumber += 1
        after.work = TaskWork(
            number: after.workNumber, agent: step.agent, category: after.category, queue: after.queue,
            source: after.source, priorityBand: after.priorityBand, beganBy: step.action.rawValue,
            beganAt: after.effectiveAt, acceptedAt: acceptedAt)
    }
}
