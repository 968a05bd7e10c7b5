import Core
import Domain
import Testing

@Suite("The command desk, where circumstances decide")
struct CommandDeskTests {
    private let scene: DeskScene
    private let user = Actor(.user, "olga")

    init() throws { scene = try DeskScene() }

    private func changed(
        _ operation: WorkItemOperation, _ item: WorkItem, by actor: Actor? = nil, at now: Instant = DeskScene.now
    ) throws -> WorkItem {
        var desk = scene.desk(item, at: now)
        guard case .changed(let change) = desk.decide(operation, on: item, by: actor ?? user) else {
            throw NothingChanged()
        }
        return change.after
    }

    private func refusal(_ operation: WorkItemOperation, _ item: WorkItem, in desk: CommandDesk? = nil) -> Refusal.Code?
    {
        var desk = desk ?? scene.desk(item)
        guard case .refused(let refusal) = desk.decide(operation, on: item, by: user) else { return nil }
        return refusal.code
    }

    private struct NothingChanged: Error {}

    @Test("An offer that a supervisor has given to somebody else cannot be accepted late")
    func lateAcceptance() throws {
        let offered = try scene.item(.offered)
        let offer = OfferId(workItem: offered.id, revision: DeskScene.revision)
        let given = try changed(.assign(agent: scene.agent("bert")), offered)
        #expect(refusal(.accept(offer), given) == .offerGone)
        // The repeat of the acceptance that took effect is answered, and so is one of who was given it anyhow.
        for item in [try changed(.accept(offer), offered), try changed(.assign(agent: scene.agent("anna")), offered)] {
            var desk = scene.desk(item)
            guard case .unchanged = desk.decide(.accept(offer), on: item, by: user) else {
                Issue.record("a repeat is not answered")
                return
            }
        }
    }

    @Test("What was held or failed before its activation waits for that", arguments: [WorkItemStatus.new, .errorheld])
    func beforeActivation(_ status: WorkItemStatus) throws {
        var item = try scene.item(status)
        item.activation = DeskScene.now + DeskScene.hour
        let resumed = try changed(.resume, try changed(.hold(reason: "waits"), item))
        #expect((resumed.status, resumed.reason) == (.new, nil))
        #expect(resumed.wakeAt == item.activation)
        if status == .errorheld { #expect(try changed(.resume, item).status == .new) }
    }

    @Test("What is queued stays so although the clock of the update was read before its activation")
    func earlierClock() throws {
        var item = try scene.item(.queued)
        item.activation = DeskScene.now + 5
        let update = try UpdateCommand(body: ["priority": 7])
        #expect(try changed(.update(update), item).status == .queued)
    }

    @Test("A due date that is set during a hold is moved by the rest of the hold only")
    func dueDuringHold() throws {
        let due = DeskScene.start + 5 * DeskScene.hour
        let update = try UpdateCommand(body: ["due": .string(due.rfc3339)])
        let updated = try changed(.update(update), try scene.item(.held))
        #expect(updated.due == due)
        #expect(try changed(.resume, updated, at: DeskScene.now + 60_000).due == due + 60_000)
    }

    @Test("An end after a restart is a new end")
    func rejectedAgain() throws {
        var item = try scene.item(.completed)
        item.setAttributes(["kind": "other"], snapshot: scene.snapshot)
        let again = try changed(.restart, item)
        #expect((again.status, again.completedAt) == (.rejected, DeskScene.now))
    }

    @Test("An update that changes nothing is answered, but not of what has ended")
    func emptyUpdate() throws {
        let empty = WorkItemOperation.update(try UpdateCommand(body: [:]))
        #expect(refusal(empty, try scene.item(.completed)) == .notAllowed)
        let queued = try scene.item(.queued)
        var desk = scene.desk(queued)
        guard case .unchanged = desk.decide(empty, on: queued, by: user) else {
            Issue.record("an empty update has an effect")
            return
        }
    }

    @Test("Only the system lets a parked item go on, when its workbin is gone")
    func parkedGoesOn() throws {
        let parked = try scene.item(.parked)
        #expect(refusal(.resume, parked) == .notAllowed)
        #expect(try changed(.resume, parked, by: .configuration).status == .queued)
    }

    @Test("Where an agent cannot take it, it stays")
    func unableAgents() throws {
        let queued = try scene.item(.queued)
        #expect(refusal(.transferToAgent(scene.agent("carl"), reason: nil), queued) == .unable)
        #expect(refusal(.assign(agent: 999), queued) == .unknownReference)
        var full = scene.desk(queued)
        full.agents = AgentLedger([AgentRow(id: scene.agent("bert"), state: .ready, load: 1)])
        #expect(refusal(.assign(agent: scene.agent("bert")), queued, in: full) == .overCapacity)
        var away = scene.desk(queued)
        away.agents = AgentLedger([AgentRow(id: scene.agent("bert"), state: .notReady)])
        let offer = try CommandTable.operation("offer", on: queued, in: scene)
        #expect(refusal(offer, queued, in: away) == .agentNotReady)
        // Whoever asks for the next item is there.
        #expect(refusal(try CommandTable.operation("pull", on: queued, in: scene), queued, in: away) == nil)
        let past = WorkItemOperation.park(until: DeskScene.now, workbin: nil)
        #expect(refusal(past, try scene.item(.assigned)) == .invalid)
    }

    @Test("A missed offer returns, is passed over once, and sets its agent not ready")
    func missedOffer() throws {
        let item = try scene.item(.offered)
        var desk = scene.desk(item, at: DeskScene.now + 20_000)
        guard case .changed(let change) = desk.decide(.timer, on: item, by: .timer) else { throw NothingChanged() }
        #expect((change.action, change.after.status) == (.miss, .queued))
        #expect(change.after.missedBy == scene.agent("anna"))
        #expect(desk.agents.stateChanges.map(\.agent.state) == [.notReady])
        #expect(desk.agents[scene.agent("anna")]?.load == 0)
    }

    @Test("What was said when an item was declined or handed on is not said of what happens to it later")
    func reasons() throws {
        let bert = scene.agent("bert")
        var item = try scene.item(.offered)
        let offer = OfferId(workItem: item.id, revision: DeskScene.revision)
        var told: [String?] = []
        func step(_ operation: (WorkItem) throws -> WorkItemOperation) throws {
            var desk = scene.desk(item)
            guard case .changed(let change) = desk.decide(try operation(item), on: item, by: user) else {
                throw NothingChanged()
            }
            let event = WorkItemEvents.event(of: change, in: scene.snapshot)
            told.append(try JSONValue(parsing: Array(event.body.utf8))["reason"]?.stringValue)
            item = change.after
        }
        try step { _ in .decline(offer, reason: "lunch") }
        try step { try CommandTable.operation("offer", on: $0, in: scene) }
        try step { .accept(OfferId(workItem: $0.id, revision: $0.revision)) }
        // Who has it reads what was said of it last.
        #expect(item.reason == "lunch")
        try step { _ in .transferToAgent(bert, reason: "knows it") }
        try step { try CommandTable.operation("offer", on: $0, in: scene) }
        try step { _ in .hold(reason: "waits") }
        try step { try CommandTable.operation("update", on: $0, in: scene) }
        #expect(item.reason == "waits")
        #expect(told == ["lunch", nil, nil, "knows it", nil, "waits", nil])
    }

    @Test("Time activates, brings back from the workbin, ends a preference and completes")
    func time() throws {
        let active = try changed(.timer, try scene.item(.new), at: DeskScene.now + DeskScene.hour)
        #expect((active.status, active.due) == (.queued, active.activation + 8 * DeskScene.hour))
        let back = try changed(.timer, try scene.item(.parked), at: DeskScene.now + DeskScene.hour)
        #expect((back.status, back.preferredAgent) == (.queued, scene.agent("anna")))
        #expect(back.preferredUntil == DeskScene.now + 2 * DeskScene.hour)
        let free = try changed(.timer, back, at: DeskScene.now + 2 * DeskScene.hour)
        #expect((free.status, free.preferredAgent) == (.queued, nil))
        for status in [WorkItemStatus.queued, .parked] {
            let done = try changed(.timer, try scene.item(status), at: DeskScene.start + 72 * DeskScene.hour)
            #expect((done.status, done.reason) == (.completed, "autocomplete"))
        }
    }
}
