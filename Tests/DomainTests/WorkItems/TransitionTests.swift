import Domain
import Testing

@Suite("The table of allowed transitions")
struct TransitionTests {
    @Test("The usual life of an item")
    func usualLife() {
        var status = Transition.initial(activation: Instant(milliseconds: 10), now: Instant(milliseconds: 9))
        #expect(status == .new)
        let life: [(WorkItemAction, WorkItemStatus)] = [
            (.activate, .captured), (.classify, .queued), (.offer, .offered), (.miss, .queued), (.offer, .offered),
            (.accept, .assigned), (.park, .parked), (.unpark, .assigned), (.transfer, .queued), (.pull, .assigned),
            (.complete, .completed), (.restart, .captured), (.fail, .errorheld), (.resume, .captured),
            (.reject, .rejected),
        ]
        for (action, expected) in life {
            let next = Transition.next(from: status, action: action)
            #expect(next == expected)
            status = next ?? status
        }
    }

    @Test("An item whose activation is reached or absent starts as captured")
    func initial() {
        let now = Instant(milliseconds: 10)
        #expect(Transition.initial(activation: now, now: now) == .captured)
        #expect(Transition.initial(activation: nil, now: now) == .captured)
    }

    @Test("Resume returns a new or parked item, and ranks every other again")
    func resume() {
        for held in WorkItemStatus.allCases where !held.isFinal && held != .held {
            #expect(Transition.next(from: held, action: .hold) == .held)
            let expected: WorkItemStatus = held == .new || held == .parked ? held : .captured
            #expect(Transition.next(from: .held, action: .resume, heldFrom: held) == expected)
        }
        #expect(Transition.next(from: .held, action: .resume) == .captured)
        #expect(Transition.next(from: .held, action: .hold) == nil)
        #expect(Transition.next(from: .queued, action: .resume) == nil)
    }

    @Test("A customer's data can be erased in every status, and the item stays where it is")
    func erasure() {
        for status in WorkItemStatus.allCases {
            #expect(Transition.targets(from: status, action: .erase) == [status])
        }
        #expect(!WorkItemAction.commands.contains(.erase))
    }

    @Test("Nothing but restart leads out of a final status")
    func finality() {
        for status in WorkItemStatus.allCases where status.isFinal {
            #expect(Transition.actions(in: status) == [.restart, .erase])
        }
        for status in WorkItemStatus.allCases where !status.isFinal {
            #expect(Transition.next(from: status, action: .restart) == nil)
            #expect(Transition.next(from: status, action: .cancel) == .canceled)
            #expect(Transition.next(from: status, action: .complete) == .completed)
        }
    }

    @Test("An item reaches an agent only from the queue, a workbin or another agent")
    func waysToAnAgent() {
        for status in WorkItemStatus.allCases {
            for action in WorkItemAction.allCases where ![.update, .push, .erase].contains(action) {
                guard let next = Transition.next(from: status, action: action), next.isWithAgent else { continue }
                #expect(status == .queued || status == .parked || status.isWithAgent, "\(status) \(action)")
            }
        }
    }

    @Test("Every status is reachable, and from each an end is")
    func reachability() {
        var reached: Set<WorkItemStatus> = [.new]
        var frontier = reached
        while !frontier.isEmpty {
            frontier = Set(
                frontier.flatMap { status in
                    WorkItemAction.allCases.flatMap { Transition.targets(from: status, action: $0) }
                }
            ).subtracting(reached)
            reached.formUnion(frontier)
        }
        #expect(reached == Set(WorkItemStatus.allCases))
    }

    @Test("Random walks stay inside the table")
    func randomWalks() {
        for _ in 0..<2_000 {
            var status: WorkItemStatus = Bool.random() ? .new : .captured
            var heldFrom: WorkItemStatus?
            for _ in 0..<40 {
                let action = WorkItemAction.allCases.randomElement() ?? .update
                guard let next = Transition.next(from: status, action: action, heldFrom: heldFrom) else {
                    #expect(!Transition.actions(in: status).contains(action))
                    continue
                }
                #expect(Transition.isAllowed(from: status, to: next, action: action))
                #expect(Transition.actions(in: status).contains(action))
                #expect(!status.isFinal || action == .restart || action == .erase)
                if next == .held, status != .held { heldFrom = status }
                if status.isWithAgent, !next.isWithAgent { #expect(Transition.leavesAgent(from: status, to: next)) }
                status = next
            }
        }
    }

    @Test("A refusal says what is possible")
    func refusal() {
        #expect(
            Transition.refusal(of: .hold, in: .completed)
                == "hold is not possible while the item is completed; possible now: restart.")
    }
}
