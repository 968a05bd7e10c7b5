import Domain

/// Takes a work item from step to step, and says what each adds to the aggregates.
///
/// What a step adds depends on the item's own steps before it and on nothing else, so that the sums are the same however
/// the steps of all items are cut into batches. A step happens at its own time, or at that of the item's step before it
/// when its clock was behind.
package struct FoldTask: Sendable {
    /// Business time by a calendar's key: B(t), and t itself for calendar 0.
    package typealias BusinessTime = @Sendable (_ calendar: Int32, _ milliseconds: Int64) -> Int64

    /// What a step changed besides the aggregates.
    package struct Outcome: Sendable {
        /// The work that ended, then the one that began or goes on.
        package var works: [TaskWork] = []
        /// The agent from whom an assigned item was taken, and the one who got it; 0 for nobody.
        package var releasedFrom: Int32 = 0
        package var assignedTo: Int32 = 0
        /// When it happened.
        package var effectiveAt: Int64 = 0
    }

    package var businessTime: BusinessTime
    /// Up to here what time changes is counted for every item.
    package var sweptThrough: Int64

    package init(sweptThrough: Int64 = .min, businessTime: @escaping BusinessTime = { _, time in time }) {
        self.sweptThrough = sweptThrough
        self.businessTime = businessTime
    }

    /// Applies a step. A step whose revision is not above the state's has been applied: nothing happens, nil is returned.
    /// - Parameter state: nil before the first step that is known.
    package func apply(_ step: TaskStep, to state: inout TaskState?, _ contributions: inout Contributions) -> Outcome? {
        if let state, step.revision <= state.revision { return nil }
        let time = max(step.at, state?.effectiveAt ?? step.at)
        var before = state ?? Self.unknown(before: step)
        if state != nil { passTime(&before, through: time, &contributions) }
        var after = before
        after.take(step, at: time)
        var flows = TaskFlows(before: before, after: after, time: time)
        if state == nil { flows.count(step.from == nil ? .entered : before.isOpen ? .adopted : nil) }
        var outcome = follow(step, from: before, to: &after, isNew: state == nil && step.from == nil, &flows)
        outcome.effectiveAt = time
        let was = state == nil ? nil : before.backlogKind(at: time)
        let wasOverdue = was?.overdue ?? false
        let kind = after.backlogKind(at: time)
        if was != kind {
            if let was { contributions.changeBacklog(was, by: -1, at: time) }
            if let kind { contributions.changeBacklog(kind, by: 1, at: time) }
        }
        if kind?.overdue == true, !wasOverdue { flows.count(.becameOverdue) }
        flows.add(priorityBand: after.priorityBand, to: &contributions)
        after.countedThrough = time
        passTime(&after, through: max(time, sweptThrough), &contributions)
        state = after
        return outcome
    }

    /// Counts what time alone changed up to an instant, or takes it back when more had been counted: a step may be told
    /// after the time of its happening.
    package func passTime(_ state: inout TaskState, through instant: Int64, _ contributions: inout Contributions) {
        let (from, to, sign): (Int64, Int64, Int64) =
            instant >= state.countedThrough
            ? (state.countedThrough, instant, 1) : (instant, state.countedThrough, -1)
        for change in state.changes(after: from, through: to) {
            guard let old = state.backlogKind(at: change - 1), let new = state.backlogKind(at: change) else { continue }
            contributions.changeBacklog(old, by: -sign, at: change)
            contributions.changeBacklog(new, by: sign, at: change)
            if new.overdue, !old.overdue {
                var flows = TaskFlows(before: state, after: state, time: change)
                flows.count(.becameOverdue, sign)
                flows.add(priorityBand: state.priorityBand, to: &contributions)
            }
        }
        state.countedThrough = instant
    }

    /// The state before an item's first known step, which is its first when it comes from nowhere.
    private static func unknown(before step: TaskStep) -> TaskState {
        var state = TaskState(
            item: step.item, captureId: step.captureId, revision: step.revision - 1, firstPosition: step.position,
            lastPosition: step.position, status: step.from ?? step.to, enteredAt: step.at,
            activation: step.activation ?? step.at, effectiveAt: step.at, countedThrough: step.at)
        state.take(step, at: step.at)
        state.status = step.from ?? step.to
        if state.status.isWithAgent { state.agent = step.agent }
        return state
    }
}

extension TaskState {
    /// Takes out whose the item was.
    mutating func forgetCustomer() {
        erased = true
        customer = -1
        custom = custom.map { $0 == 0 ? 0 : -1 }
    }

    /// Takes over what the step says of the item itself.
    fileprivate mutating func take(_ step: TaskStep, at time: Int64) {
        revision = step.revision
        lastPosition = step.position
        status = step.to
        captureId = step.captureId
        (source, category, queue, channel) = (step.source, step.category, step.queue, step.channel)
        (configurationVersion, calendar) = (step.configurationVersion, step.calendar)
        activation = step.activation ?? activation
        due = step.due
        resultCode = step.resultCode
        if step.priority != nil { priorityBand = Bands<Double>.priority.key(of: step.priority) }
        effectiveAt = time
        // An item that has become another customer's since keeps what it says now.
        if step.action == .erase, step.content?.isEmpty != false {
            forgetCustomer()
        } else if let content = step.content {
            (mediaType, segment, product) = (content.mediaType, content.segment, content.product)
            (customer, businessValue, custom) = (content.customer, content.businessValue, content.custom)
        }
    }
}
