import Core
import Domain
import Testing

/// What must come of every command in every status, by DESIGN ("The way of a work item", States) and the table of
/// allowed transitions; a repeat of what has its effect already is answered and changes nothing.
///
/// A cell is the new status, `same` (no effect), or a refusal: `no` (not-allowed, 409), `gone` (offer-gone, 409),
/// `stale` (revision-mismatch, 412).
enum CommandTable {
    static let statuses: [WorkItemStatus] = [
        .new, .captured, .queued, .offered, .assigned, .held, .parked, .errorheld, .completed, .canceled, .rejected,
    ]

    static let text = """
        command     new       captured  queued    offered   assigned  held      parked    errorheld completed canceled rejected
        update      new       queued    queued    offered   assigned  held      parked    errorheld no        no       no
        hold        held      held      held      held      held      same      held      held      no        no       no
        resume      no        same      same      no        no        queued    no        queued    no        no       no
        cancel      canceled  canceled  canceled  canceled  canceled  canceled  canceled  canceled  no        same     no
        complete    completed completed completed completed completed completed completed completed same      no       no
        restart     no        no        no        no        no        no        no        no        queued    queued   queued
        activate    queued    no        no        no        no        no        no        no        no        no       no
        assign      no        no        assigned  assigned  assigned  no        assigned  no        no        no       no
        transferTo  no        no        queued    queued    queued    no        queued    no        no        no       no
        handOn      no        no        queued    queued    queued    no        queued    no        no        no       no
        park        no        no        no        no        parked    no        no        no        no        no       no
        take        no        no        no        no        same      no        assigned  no        no        no       no
        takeBack    no        no        no        queued    queued    no        queued    no        no        no       no
        accept      gone      gone      gone      assigned  gone      gone      gone      gone      gone      gone     gone
        decline     gone      gone      gone      queued    gone      gone      gone      gone      gone      gone     gone
        offer       stale     stale     offered   stale     stale     stale     stale     stale     stale     stale    stale
        pull        stale     stale     assigned  stale     stale     stale     stale     stale     stale     stale    stale
        recall      same      same      same      queued    same      same      same      same      same      same     same
        timer       same      same      same      same      same      same      same      same      same      same     same
        withdraw    same      same      same      queued    queued    same      same      same      same      same     same
        rerank      same      same      same      same      same      same      same      same      same      same     same
        """

    struct Cell: Sendable, CustomTestStringConvertible {
        var command: String
        var status: WorkItemStatus
        var expected: String
        var testDescription: String { "\(command) while \(status.rawValue): \(expected)" }
    }

    static let cells: [Cell] = text.split(separator: "\n").dropFirst().flatMap { line in
        let words = line.split(separator: " ").map(String.init)
        return zip(statuses, words.dropFirst()).map { Cell(command: words[0], status: $0, expected: $1) }
    }

    /// The command of a row. Anna is the agent who has the item; it goes to Bert where it goes to somebody else.
    static func operation(_ name: String, on item: WorkItem, in scene: DeskScene) throws -> WorkItemOperation {
        let (anna, bert) = (scene.agent("anna"), scene.agent("bert"))
        func pick(pulled: Bool) -> PickedOffer {
            PickedOffer(
                agent: bert, pulled: pulled,
                member: LaneMember(arrival: item.arrival, item: item.id, revision: item.revision),
                endpoint: item.endpoint, priority: 212.5, age: DeskScene.hour, explanation: "{}")
        }
        let offer = OfferId(workItem: item.id, revision: item.revision)
        return switch name {
        case "update": .update(try UpdateCommand(body: ["attributes": ["note": "more"]]))
        case "hold": .hold(reason: "waits")
        case "resume": .resume
        case "cancel": .cancel(reason: "void")
        case "complete": .complete(result: "\"done\"")
        case "restart": .restart
        case "activate": .activate
        case "assign": .assign(agent: bert)
        case "transferTo": .transferToAgent(bert, reason: "knows it")
        case "handOn": .transferToEndpoint(scene.endpoint("other"), reason: "wrong desk")
        case "park": .park(until: nil, workbin: nil)
        case "take": .unpark(agent: anna)
        case "takeBack": .takeBack(reason: "needed")
        case "accept": .accept(offer)
        case "decline": .decline(offer, reason: "busy")
        case "offer": .offer(pick(pulled: false))
        case "pull": .offer(pick(pulled: true))
        case "recall": .recall(revision: item.revision, reason: "makes way")
        case "timer": .timer
        case "withdraw": .withdraw(agent: anna, evenAssigned: true)
        case "rerank": .rerank
        default: throw UnknownCommand(name: name)
        }
    }

    struct UnknownCommand: Error { var name: String }

    /// The action that the event of a row's change tells.
    static func action(_ name: String) -> WorkItemAction? {
        switch name {
        case "transferTo", "handOn": .transfer
        case "take": .unpark
        case "rerank", "timer": .reprioritise
        default: WorkItemAction(rawValue: name)
        }
    }
}
