import Core
import Testing

import struct Domain.Instant
import struct Foundation.UUID

/// Steps of one item or one agent reach Redis from several workers and instances, and so in any order.
@Suite(.enabled(if: laneTestRedisURL != nil, "needs Redis"))
struct LateStepTests {
    @Test func aLateStepOfAnItemDoesNotTouchWhatTheAgentHasByNow() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgent(readyAgent(1))
            // Offered, accepted and given back before: the item waited at revision 4 again.
            let again = entry(lane(), anchor: 1, revision: 4)
            let item = again.member.item
            _ = try await store.add([again])
            _ = try await store.pick(agent: 1, at: moment(5), deadline: farDeadline)

            try await store.accept([AgentItem(agent: 1, item: item, at: 3)])
            #expect(try await store.overdueReservations(at: farDeadline).map(\.entry) == [again])
            for idle in [IdleChange.keep, .restore] {
                let late = try await store.release([Release(AgentItem(agent: 1, item: item, at: 4), idle: idle)])
                #expect(late == [Released(weight: 0, mayTakeMore: false)])
            }
            #expect(try await store.held(by: [1])[1]?[item] == HeldItem(entry: again, stage: .reserved))

            try await store.confirm([AgentItem(agent: 1, item: item, at: 5)])
            let done = try await store.release([Release(AgentItem(agent: 1, item: item, at: 6), idle: .keep)])
            #expect(done == [Released(weight: 1, mayTakeMore: true)])
        }
    }

    @Test func aLateRefusalDoesNotTakeWhatHasBeenConfirmed() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgent(readyAgent(1))
            let waiting = entry(lane(), anchor: 1)
            let item = waiting.member.item
            _ = try await store.add([waiting])
            _ = try await store.pick(agent: 1, at: moment(5), deadline: farDeadline)
            try await store.confirm([AgentItem(agent: 1, item: item, at: 2)])
            try await store.refuse([AgentItem(agent: 1, item: item, at: 2)], queued: [item])
            #expect(try await store.held(by: [1])[1]?[item]?.stage == .offered)
            #expect(try await store.counts().map(\.size) == [0])
        }
    }

    @Test func whatIsGivenOtherwiseThanByAPickIsReservedUntilPostgreSQLConfirmsIt() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgent(readyAgent(1))
            let given = entry(lane(), anchor: 1, revision: 3)
            let item = given.member.item
            let reservation = Reservation(agent: 1, entry: given)
            try await store.reserve([reservation], deadline: Instant(milliseconds: 10))
            // Nobody came to confirm it: it is looked into, and does not stay with the agent for ever.
            #expect(try await store.overdueReservations(at: Instant(milliseconds: 10)) == [reservation])
            let refused = try await store.refuse([AgentItem(agent: 1, item: item, at: 4)])
            #expect(refused == [Released(weight: 1, mayTakeMore: true)])

            try await store.reserve([reservation], deadline: farDeadline)
            try await store.accept([AgentItem(agent: 1, item: item, at: 3)])
            // The same once more, and an older one: it stays accepted.
            let older = LaneEntry(
                lane: lane(), anchor: 1, member: LaneMember(arrival: 1, item: item, revision: 2))
            try await store.reserve([reservation, Reservation(agent: 1, entry: older)], deadline: farDeadline)
            #expect(try await store.held(by: [1])[1]?[item] == HeldItem(entry: given, stage: .accepted))
            #expect(try await store.overdueReservations(at: farDeadline).isEmpty)
        }
    }

    @Test func aRowThatWasReadEarlierDoesNotMakeItsAgentTheOneIdleLongest() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            let rows = [readyAgent(1, idleSince: 10), readyAgent(2, idleSince: 20)]
            try await store.setAgents(rows)
            let first = entry(lane(), anchor: 1, arrival: 1)
            _ = try await store.add([first])
            let pick = try await store.match(lanes: [lane()], at: moment(5, now: 30), deadline: farDeadline)
            #expect(pick.picks.map(\.agent) == [1])
            let given = AgentItem(agent: 1, item: first.member.item, at: 3)
            try await store.release([Release(given, idle: .since(Instant(milliseconds: 40)))])
            // Somebody read the rows before, and is late.
            try await store.setAgents(rows)
            _ = try await store.add([entry(lane(), anchor: 2, arrival: 2)])
            let second = try await store.match(lanes: [lane()], at: moment(6, now: 50), deadline: farDeadline)
            #expect(second.picks.map(\.agent) == [2])
        }
    }

    @Test func whoIsKnownByANewerConfigurationIsNotForgotten() async throws {
        try await withLanes { store, _ in
            try await store.setAgent(readyAgent(1, revision: 8))
            #expect(try await store.forgetAgent(1, before: 8) == false)
            #expect(try await store.forgetAgent(1, before: 9))
            #expect(try await store.forgetAgent(1, before: 9) == false)
        }
    }
}
