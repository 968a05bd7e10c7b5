import Core
import Domain
import Foundation
import Testing

@Suite("A customer writes again")
struct FollowUpTests {
    private func followUp(reopens: Bool = true, preferring agent: Int32? = nil) throws -> WorkItemOperation {
        .followUp(
            FollowUp(
                update: try UpdateCommand(body: ["attributes": ["emails": 2]]), reopens: reopens, preferredAgent: agent)
        )
    }

    @Test(arguments: WorkItemStatus.allCases.filter { !$0.isFinal })
    func anOpenItemGetsTheNewsAndStaysWhereItIs(_ status: WorkItemStatus) throws {
        let scene = try DeskScene()
        let item = try scene.item(status)
        var desk = scene.desk(item)
        guard case .changed(let change) = desk.decide(try followUp(), on: item, by: Actor(.source, "mail")) else {
            Issue.record("\(status) was not changed")
            return
        }
        #expect(change.action == .update)
        #expect(change.after.attributes.contains("\"emails\":2"))
        #expect(status == .captured || change.after.status == status)
        #expect(change.after.assignee == item.assignee)
    }

    @Test(arguments: WorkItemStatus.allCases.filter(\.isFinal))
    func whatHasEndedBeginsAgainForTheAgentWhoAnswered(_ status: WorkItemStatus) throws {
        let scene = try DeskScene()
        let item = try scene.item(status)
        var desk = scene.desk(item)
        let anna = scene.agent("anna")
        guard
            case .changed(let change) = desk.decide(
                try followUp(preferring: anna), on: item, by: Actor(.source, "mail"))
        else {
            Issue.record("\(status) was not changed")
            return
        }
        #expect(change.action == .restart && change.after.status == .queued)
        #expect(change.after.preferredAgent == anna && change.after.preferredUntil != nil)
        #expect(change.after.attributes.contains("\"emails\":2"))
        // Carl lacks the skill: nobody waits for him.
        guard
            case .changed(let other) = desk.decide(
                try followUp(preferring: scene.agent("carl")), on: item, by: Actor(.source, "mail"))
        else {
            Issue.record("\(status) was not changed")
            return
        }
        #expect(other.after.preferredAgent == nil)
    }

    @Test func whatIsAutomaticWakesNothing() throws {
        let scene = try DeskScene()
        let item = try scene.item(.completed)
        var desk = scene.desk(item)
        guard case .unchanged = desk.decide(try followUp(reopens: false), on: item, by: Actor(.source, "mail")) else {
            Issue.record("it was changed")
            return
        }
    }
}
