import Core
import Domain
import Testing

@Suite("Every command in every status")
struct CommandTableTests {
    private let actor = Actor(.user, "olga")

    @Test("has the outcome that the table says", arguments: CommandTable.cells)
    func outcome(_ cell: CommandTable.Cell) throws {
        let scene = try DeskScene()
        let item = try scene.item(cell.status)
        var desk = scene.desk(item)
        let operation = try CommandTable.operation(cell.command, on: item, in: scene)
        switch desk.decide(operation, on: item, by: actor) {
        case .refused(let refusal):
            let expected: (Refusal.Code, Int)? =
                switch cell.expected {
                case "no": (.notAllowed, 409)
                case "gone": (.offerGone, 409)
                case "stale": (.revisionMismatch, 412)
                default: nil
                }
            #expect(refusal.code == expected?.0 && refusal.httpStatus == expected?.1, "\(refusal.detail)")
            expectUntouched(desk, item, scene)
        case .unchanged:
            #expect(cell.expected == "same")
            expectUntouched(desk, item, scene)
        case .changed(let change):
            #expect(change.after.status.rawValue == cell.expected)
            expectWhole(change, cell, scene)
            expectEvent(change, cell, scene)
            expectLoads(desk, change.after, scene)
        }
    }

    @Test("is in the table", arguments: CommandTable.statuses)
    func complete(_ status: WorkItemStatus) {
        #expect(CommandTable.statuses.count == WorkItemStatus.allCases.count)
        #expect(CommandTable.cells.count { $0.status == status } == 21)
        for action in WorkItemAction.commands where action != .submit {
            #expect(CommandTable.cells.contains { CommandTable.action($0.command) == action })
        }
    }

    @Test(
        "follows the table of allowed transitions, and what that forbids changes nothing", arguments: CommandTable.cells
    )
    func forbidden(_ cell: CommandTable.Cell) throws {
        let scene = try DeskScene()
        let item = try scene.item(cell.status)
        let operation = try CommandTable.operation(cell.command, on: item, in: scene)
        guard let action = operation.action ?? CommandTable.action(cell.command) else { return }
        for kind in [Actor.Kind.source, .agent, .user, .system] {
            if kind == .system, operation.action == .resume, cell.status == .parked { continue }
            var desk = scene.desk(item)
            let decision = desk.decide(operation, on: item, by: Actor(kind, "x"))
            if Transition.targets(from: cell.status, action: action).isEmpty {
                if case .changed(let change) = decision { Issue.record("it became \(change.after.status)") }
                expectUntouched(desk, item, scene)
            } else if case .changed(let change) = decision {
                let to = change.after.status
                // One command may take an item through `captured` and on.
                let through =
                    Transition.isAllowed(from: cell.status, to: .captured, action: change.action)
                    && [.classify, .reject, .fail].contains {
                        Transition.isAllowed(from: .captured, to: to, action: $0)
                    }
                #expect(through || Transition.isAllowed(from: cell.status, to: to, action: change.action))
            }
        }
    }

    private func expectUntouched(_ desk: CommandDesk, _ item: WorkItem, _ scene: DeskScene) {
        #expect(desk.agents.stateChanges.isEmpty)
        expectLoads(desk, item, scene)
        #expect(desk.endpointLoads == [scene.endpoint("desk"): 0])
    }

    /// Capacity is taken of the agent who has the item, and of nobody else.
    private func expectLoads(_ desk: CommandDesk, _ item: WorkItem, _ scene: DeskScene) {
        for name in ["anna", "bert", "carl"] {
            let load = item.assignee == scene.agent(name) ? item.weight : 0
            #expect(desk.agents[scene.agent(name)]?.load == load, "load of \(name)")
        }
    }

    private func expectWhole(_ change: WorkItemChange, _ cell: CommandTable.Cell, _ scene: DeskScene) {
        let (before, after) = (change.before, change.after)
        #expect(after.revision == DeskScene.revision + 1)
        #expect(after.updatedAt == DeskScene.now)
        #expect(after.assignee == assignee(cell, scene))
        let bin = after.status == .parked || after.heldFrom == .parked
        #expect(after.workbin == (bin ? "agent:anna" : nil))
        #expect((after.heldFrom == nil, after.heldAt == nil) == (after.status != .held, after.status != .held))
        #expect((after.completedAt == nil) == !after.status.isFinal)
        #expect((after.offerRevision == nil) == (after.status != .offered))
        #expect(after.due == due(cell, before))
        #expect(after.wakeAt == after.nextWake)
        if cell.command == "handOn" { #expect(after.endpoint == scene.endpoint("other")) }
        if cell.command == "transferTo" { #expect(after.preferredAgent == scene.agent("bert")) }
        if cell.command == "offer" { #expect(after.deadline == DeskScene.now + 30_000) }
        if cell.command == "decline" { #expect(after.missedBy == scene.agent("anna")) }
        if cell.command == "complete" { #expect(after.result == "\"done\"") }
        if cell.command == "hold" {
            #expect((after.heldFrom, after.heldAt, after.heldBy) == (cell.status, DeskScene.now, before.assignee))
        }
        #expect(after.reason == reason(cell, before))
    }

    private func assignee(_ cell: CommandTable.Cell, _ scene: DeskScene) -> Int32? {
        switch cell.command {
        case "assign", "offer", "pull": scene.agent("bert")
        case "take", "accept": scene.agent("anna")
        case "update": cell.status.isWithAgent ? scene.agent("anna") : nil
        default: nil
        }
    }

    /// Eight hours after the activation, later by what a hold spared; a new life and an early begin count from now.
    private func due(_ cell: CommandTable.Cell, _ before: WorkItem) -> Instant? {
        switch cell.command {
        case "activate", "restart": DeskScene.now + 8 * DeskScene.hour
        case "resume" where cell.status == .held, "cancel" where cell.status == .held,
            "complete" where cell.status == .held:
            DeskScene.start + 8 * DeskScene.hour + DeskScene.pause
        default: before.activation + 8 * DeskScene.hour
        }
    }

    /// Given with the last hold, cancel, decline or transfer; what has ended or goes on has none.
    private func reason(_ cell: CommandTable.Cell, _ before: WorkItem) -> String? {
        switch cell.command {
        case "hold": "waits"
        case "cancel": "void"
        case "transferTo": "knows it"
        case "handOn": "wrong desk"
        case "takeBack": "needed"
        case "decline": "busy"
        case "resume", "complete", "restart": nil
        default: before.reason
        }
    }

    /// The event tells why this was done, and not why the item was held or failed before.
    private func told(_ cell: CommandTable.Cell) -> String? {
        switch cell.command {
        case "hold": "waits"
        case "cancel": "void"
        case "transferTo": "knows it"
        case "handOn": "wrong desk"
        case "takeBack": "needed"
        case "decline": "busy"
        case "recall": "makes way"
        default: nil
        }
    }

    /// One event, of the change's action and revision, that says who did it.
    private func expectEvent(_ change: WorkItemChange, _ cell: CommandTable.Cell, _ scene: DeskScene) {
        let event = WorkItemEvents.event(of: change, in: scene.snapshot)
        let action = CommandTable.action(cell.command)
        #expect(event.kind == "workitem.\(action?.rawValue ?? "")")
        #expect((event.subject, event.revision) == (change.after.id, DeskScene.revision + 1))
        let body = try? JSONValue(parsing: Array(event.body.utf8))
        #expect(body?["from"] == .string(cell.status.rawValue))
        #expect(body?["to"] == .string(cell.expected))
        #expect(body?["actor"]?["kind"] == "user")
        #expect(body?["actor"]?["id"] == "olga")
        #expect(body?["reason"]?.stringValue == told(cell))
        // Whoever lost the item is named, so that the agent can be told.
        if cell.status.isWithAgent, change.after.assignee == nil { #expect(body?["agent"] == "anna") }
    }
}
