import Datamart
import Domain
import Foundation
import Testing

/// Each measure of deploy/datamart/measures.md, named as it is there. Agents are 7 and 8.
@Suite struct MeasuresTests {
    /// Queued, offered after 2 minutes, accepted after 3, completed after 13.
    private func plain(due: Double? = nil) -> Life {
        var life = Life()
        life.step(.submit, .queued, after: 0, due: due)
        life.step(.offer, .offered, after: 2, agent: 7)
        life.step(.accept, .assigned, after: 3, agent: 7)
        life.step(.complete, .completed, after: 13, agent: 7)
        return life
    }

    @Test func entered() {
        let life = plain()
        #expect(life.sum(.entered) == 1)
        #expect(life.sum(.entered) { $0.parts[2] == 0 } == 1, "nobody's when it comes in")
    }

    @Test func `adopted: an item whose beginning the feed no longer holds`() {
        var life = Life()
        life.step(.update, .queued, after: 0) { $0.from = .queued }
        #expect(life.sum(.entered) == 0)
        #expect(life.sum(.adopted) == 1)
        #expect(life.backlog() == 1)
    }

    @Test func activated() {
        var life = Life()
        life.step(.submit, .new, after: 0) { $0.activation = Life.at(60) }
        #expect(life.sum(.activated) == 0)
        life.step(.activate, .queued, after: 60)
        #expect(life.sum(.activated) == 1)
    }

    @Test func `offered and accepted`() {
        let life = plain()
        #expect(life.sum(.offered) { $0.parts[2] == 7 } == 1)
        #expect(life.sum(.accepted) { $0.parts[2] == 7 } == 1)
    }

    @Test func `pulled, and given by a supervisor`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.pull, .assigned, after: 1, agent: 7)
        life.step(.assign, .assigned, after: 5, agent: 8)
        #expect(life.sum(.pulled) { $0.parts[2] == 7 } == 1)
        #expect(life.sum(.given) { $0.parts[2] == 8 } == 1)
        #expect(life.sum(.handled) { $0.parts[2] == 7 } == 1)
        #expect(life.sum(.accepted) == 0)
    }

    @Test(arguments: [
        (WorkItemAction.miss, Measure.missed), (.decline, .declined), (.recall, .recalled), (.withdraw, .withdrawn),
        (.returnToQueue, .withdrawn), (.takeBack, .withdrawn),
    ])
    func `missed, declined, recalled, withdrawn`(action: WorkItemAction, measure: Measure) {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.offer, .offered, after: 1, agent: 7)
        life.step(action, .queued, after: 2)
        #expect(
            life.sum(measure) { $0.parts[2] == 7 } == 1, "it counts for who had it, whether or not the step names them")
        #expect(life.works.last?.endedBy == action.rawValue)
    }

    @Test func `completed, canceled, rejected`() {
        #expect(plain().sum(.completed) { $0.parts[2] == 7 } == 1)
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.cancel, .canceled, after: 1)
        #expect(life.sum(.canceled) == 1)
        var refused = Life()
        refused.step(.reject, .rejected, after: 0)
        #expect(refused.sum(.entered) == 1)
        #expect(refused.sum(.rejected) == 1)
        #expect(refused.backlog() == 0)
    }

    @Test func autocompleted() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.autocomplete, .completed, after: 90)
        #expect(life.sum(.completed) == 1)
        #expect(life.sum(.autocompleted) == 1)
    }

    @Test func `held, and hold time`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.hold, .held, after: 10)
        life.step(.resume, .queued, after: 40)
        #expect(life.sum(.held, inQuarterOf: 10) == 1)
        #expect(life.sum(.holdTime, inQuarterOf: 40) == 30 * Life.minute)
        #expect(life.sum(.holdsEnded) == 1)
    }

    @Test func `parked`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.pull, .assigned, after: 1, agent: 7)
        life.step(.park, .parked, after: 2)
        #expect(life.sum(.parked) { $0.parts[2] == 7 } == 1)
        #expect(life.sum(.handleTime) == Life.minute)
    }

    @Test func `failed`() {
        var life = Life()
        life.step(.submit, .errorheld, after: 0)
        life.step(.resume, .queued, after: 5)
        #expect(life.sum(.failed) == 1)
    }

    @Test func `transferred: it counts where it came from`() {
        var life = Life()
        life.step(.submit, .queued, after: 0, queue: 1)
        life.step(.transfer, .queued, after: 5, queue: 2)
        #expect(life.sum(.transferred) { $0.parts[1] == 1 } == 1)
        #expect(life.backlog { $0.queue == 1 } == 0)
        #expect(life.backlog { $0.queue == 2 } == 1)
    }

    @Test func `reopened: a restart after completion begins anew`() {
        var life = plain(due: 60)
        life.step(.restart, .queued, after: 100, due: 160) { $0.activation = Life.at(100) }
        #expect(life.sum(.reopened) == 1)
        #expect(life.backlog() == 1)
        #expect(life.state?.finishedAt == nil)
        life.step(.complete, .completed, after: 130)
        #expect(life.sum(.completed) == 2)
        #expect(life.sum(.finishTime) == (13 + 30) * Life.minute)
        #expect(life.backlog() == 0)
    }

    @Test func `average wait before accept: offers that come to nothing are part of it`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.offer, .offered, after: 2, agent: 7)
        life.step(.miss, .queued, after: 3)
        life.step(.offer, .offered, after: 4, agent: 8)
        life.step(.accept, .assigned, after: 5, agent: 8)
        #expect(life.sum(.waits) { $0.parts[2] == 8 } == 1)
        #expect(life.sum(.waitTime) == 5 * Life.minute)
    }

    @Test func `average wait before accept: a transfer and a hold begin another wait`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.transfer, .queued, after: 10, queue: 2)
        life.step(.pull, .assigned, after: 12, agent: 7)
        #expect(life.sum(.waitTime) == 2 * Life.minute)
        var held = Life()
        held.step(.submit, .queued, after: 0)
        held.step(.hold, .held, after: 10)
        held.step(.resume, .queued, after: 20)
        held.step(.pull, .assigned, after: 21, agent: 7)
        #expect(held.sum(.waitTime) == Life.minute)
    }

    @Test func `average handle time`() {
        let life = plain()
        #expect(life.sum(.handled) { $0.parts[2] == 7 } == 1)
        #expect(life.sum(.handleTime) == 10 * Life.minute)
        #expect(life.works.last?.handleTime == 10 * Life.minute)
    }

    @Test func `average finish time, average finish time in business time`() {
        let opening = Opening(start: Instant(milliseconds: Life.at(5)), end: Instant(milliseconds: Life.at(9)))
        let office = BusinessCalendar(openings: [opening])
        var life = Life(
            fold: FoldTask(businessTime: { calendar, time in
                calendar == 7 ? office.businessTime(at: Instant(milliseconds: time)) : time
            }))
        life.step(.submit, .queued, after: 0) { $0.calendar = 7 }
        life.step(.complete, .completed, after: 13) { $0.calendar = 7 }
        #expect(life.sum(.finishTime) == 13 * Life.minute)
        #expect(life.sum(.finishBusinessTime) == 4 * Life.minute)
    }

    @Test func `average finish time: it counts from activation`() {
        var life = Life()
        life.step(.submit, .new, after: 0) { $0.activation = Life.at(60) }
        life.step(.activate, .queued, after: 60) { $0.activation = Life.at(60) }
        life.step(.complete, .completed, after: 90)
        #expect(life.sum(.finishTime) == 30 * Life.minute)
    }

    @Test func `within SLA: completed at the due date itself is in time`() {
        let inTime = plain(due: 13)
        #expect(inTime.sum(.slaEligible) == 1)
        #expect(inTime.sum(.slaMet) == 1)
        #expect(inTime.sum(.finishedOverdue) == 0)
        #expect(inTime.state?.withinSLA == true)
        let without = plain()
        #expect(without.sum(.slaEligible) == 0)
        #expect(without.state?.withinSLA == nil)
    }

    @Test func `finished overdue`() {
        let late = plain(due: 12.9)
        #expect(late.sum(.finishedOverdue) { $0.parts[2] == 7 } == 1)
        #expect(late.sum(.slaMet) == 0)
        #expect(late.sum(.slaEligible) == 1)
    }

    @Test func `overdue: it counts in the interval in which the due date passed`() {
        var life = Life()
        life.step(.submit, .queued, after: 0, due: 20)
        #expect(life.sum(.becameOverdue) == 0)
        life.step(.complete, .completed, after: 100)
        #expect(life.sum(.becameOverdue, inQuarterOf: 20) == 1)
        #expect(life.sum(.becameOverdue) == 1)
    }

    @Test func `pending overdue: time alone makes it so, and a later due date takes it back`() {
        var life = Life()
        life.step(.submit, .queued, after: 0, due: 20)
        life.wait(until: 19)
        #expect(life.backlog { $0.overdue } == 0)
        life.wait(until: 21)
        #expect(life.backlog { $0.overdue } == 1)
        #expect(life.sum(.becameOverdue, inQuarterOf: 20) == 1)
        life.step(.update, .queued, after: 30, due: 60)
        #expect(life.backlog { $0.overdue } == 0)
        #expect(life.backlog() == 1)
    }

    @Test func `a step that is told late takes back what time had made of the item`() {
        var life = Life()
        life.step(.submit, .queued, after: 0, due: 20)
        life.wait(until: 600)
        #expect(life.sum(.becameOverdue) == 1)
        life.step(.complete, .completed, after: 10)
        #expect(life.sum(.becameOverdue) == 0)
        #expect(life.sum(.slaMet) == 1)
        #expect(life.contributions.backlog.values.reduce(0, +) == 0)
        #expect(life.backlog { $0.overdue } == 0)
    }

    @Test func `upcoming: what has not begun is no work yet, and overdue nowhere`() {
        var life = Life()
        life.step(.submit, .new, after: 0, due: 5) { $0.activation = Life.at(60) }
        life.wait(until: 10)
        #expect(life.backlog { $0.status == 1 } == 1)
        #expect(life.backlog { $0.status != 1 } == 0)
        #expect(life.sum(.becameOverdue, inQuarterOf: 5) == 1)
        life.step(.activate, .queued, after: 60)
        #expect(life.backlog { $0.status == 1 } == 0)
        #expect(life.backlog { $0.status != 1 && $0.overdue } == 1)
    }

    @Test func `waiting, with agents, held or parked: all open work is one of them`() {
        let keys = WorkItemStatus.allCases.filter { !$0.isFinal && $0 != .new }.map(\.key).sorted()
        #expect(keys == [2, 3, 4, 5, 6, 7, 8])
        #expect([WorkItemStatus.captured, .queued].map(\.key) == [2, 3])
        #expect([WorkItemStatus.offered, .assigned].map(\.key) == [4, 5])
        #expect([WorkItemStatus.held, .parked, .errorheld].map(\.key) == [6, 7, 8])
        #expect(WorkItemStatus.new.key == 1)
    }

    @Test func backlog() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        #expect(life.backlog { $0.status == WorkItemStatus.queued.key } == 1)
        life.step(.pull, .assigned, after: 1, agent: 7)
        #expect(life.backlog { $0.status == WorkItemStatus.queued.key } == 0)
        #expect(life.backlog { $0.status == WorkItemStatus.assigned.key } == 1)
        life.step(.complete, .completed, after: 2)
        #expect(life.backlog() == 0)
    }

    @Test func `age bands: an item grows from one into the next`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        for (minutes, band) in [(14.9, 1), (15, 2), (59, 2), (60, 3), (239, 3), (240, 4), (480, 5), (1440, 6)]
            as [(Double, Int32)]
        {
            life.wait(until: minutes)
            #expect(life.backlog { $0.ageBand == band } == 1, "after \(minutes) minutes")
            #expect(life.backlog() == 1)
        }
    }

    @Test func `age bands: what happens counts under the age that the item had`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.pull, .assigned, after: 70, agent: 7)
        #expect(life.sum(.pulled, in: .age) { $0.parts[3] == 3 } == 1)
    }

    @Test func `priority bands: an item counts under the priority of its last pick`() {
        var life = Life()
        life.step(.submit, .queued, after: 0)
        life.step(.offer, .offered, after: 1, agent: 7) { $0.priority = 80 }
        life.step(.accept, .assigned, after: 2, agent: 7)
        #expect(life.sum(.entered, in: .priority) { $0.parts[2] == 0 } == 1)
        #expect(life.sum(.accepted, in: .priority) { $0.parts[2] == 5 } == 1)
    }

    @Test func `what is repeated adds nothing`() {
        var life = plain()
        let before = life.contributions.rows
        var again = TaskStep(
            position: 99, at: Life.at(50), item: UUID(), revision: 2, action: .offer, from: .queued, to: .offered)
        again.agent = 7
        var state = life.state
        var contributions = life.contributions
        #expect(life.fold.apply(again, to: &state, &contributions) == nil)
        #expect(contributions.rows[0].count == before[0].count)
        #expect(state == life.state)
        life.wait(until: 20)
    }
}
