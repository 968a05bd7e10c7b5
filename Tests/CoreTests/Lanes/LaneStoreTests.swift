import Coordination
import Core
import Logging
import Testing

import struct Domain.Curve
import struct Domain.CurvePoint
import struct Domain.Instant

@Suite(.enabled(if: laneTestRedisURL != nil)) struct LaneStoreTests {
    @Test func itemsThatShareAnAnchorGoByArrivalAcrossLanes() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            let entries = (1...12).reversed().map {
                entry(lane(skills: [Int32($0 % 4 + 1)]), anchor: 500, arrival: Int64($0))
            }
            _ = try await store.add(entries)
            try await store.setAgent(readyAgent(1, skills: [1, 2, 3, 4], capacity: 12))
            let answer = try await store.pick(agent: 1, at: moment(900), deadline: farDeadline)
            #expect(answer.picks.map(\.entry.member.arrival) == Array(1...12))
            #expect(answer.ends == [.noAgent])
        }
    }

    @Test func onAFallingPieceTheYoungestAgeGoesFirstAndOfEqualsTheFirstArrived() async throws {
        try await withLanes { store, _ in
            let falling = try Curve(points: [CurvePoint(age: 0, priority: 100), CurvePoint(age: 100, priority: 0)])
            try await store.putCurve(falling, version: 1)
            let arrivals: [(Int64, Int64)] = [(50, 1), (80, 4), (80, 3), (10, 2)]
            _ = try await store.add(arrivals.map { entry(lane(), anchor: $0.0, arrival: $0.1) })
            try await store.setAgent(readyAgent(1, capacity: 4))
            let answer = try await store.pick(agent: 1, at: moment(100), deadline: farDeadline)
            #expect(answer.picks.map(\.entry.member.arrival) == [3, 4, 1, 2])
        }
    }

    @Test func anEmptiedRedisTakesItemsButPicksNothingUntilARebuildBegins() async throws {
        try await withLanes { store, redis in
            try await store.putCurve(try risingCurve(), version: 1)
            #expect(try await store.needsRebuild() == false)
            try await forgetAll(store, redis)
            #expect(try await store.needsRebuild())
            // The store gives back the curve that Redis lost.
            #expect(try await store.add([entry(lane(), anchor: 1)]).epoch == .missing)
            try await store.setAgent(readyAgent(1))
            let refused = try await store.pick(agent: 1, at: moment(5), deadline: farDeadline)
            #expect(refused.picks.isEmpty && refused.epoch == .missing)

            let rebuild = try await store.beginRebuild(token: "7")
            let answer = try await store.match(lanes: [lane()], at: moment(5), deadline: farDeadline)
            #expect(answer.picks.count == 1 && answer.epoch == .rebuilding)
            #expect(try await store.finishRebuild(rebuild))
            #expect(try await store.needsRebuild() == false)
        }
    }

    @Test func aRebuildThatWasOvertakenOrEmptiedDoesNotFinish() async throws {
        try await withLanes { store, redis in
            let first = try await store.beginRebuild(token: "1")
            let second = try await store.beginRebuild(token: "2")
            #expect(try await store.finishRebuild(first) == false)
            try await forgetAll(store, redis)
            #expect(try await store.finishRebuild(second) == false)
        }
    }

    @Test func aMissingCalendarOrCurveIsToldBeforeAnythingChanges() async throws {
        try await withLanes { store, _ in
            await #expect { try await store.add([entry(lane(schema: 9), anchor: 1)]) } throws: {
                ($0 as? LaneError)?.code == .unknownCurve(9)
            }
            try await store.putCurve(try risingCurve(), version: 1)
            _ = try await store.add([entry(lane(calendar: 3), anchor: 1)])
            try await store.setAgent(readyAgent(1))
            await #expect { try await store.pick(agent: 1, at: moment(5), deadline: farDeadline) } throws: {
                ($0 as? LaneError)?.code == .unknownCalendar(3)
            }
            #expect(try await store.counts().map(\.size) == [1])
        }
    }

    @Test func aRefusedReservationGivesBackCapacityAndPlaceInTheRowAndNothingElse() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgents([readyAgent(1, idleSince: 10), readyAgent(2, idleSince: 20)])
            _ = try await store.add([entry(lane(), anchor: 1, arrival: 1)])
            let first = try await store.match(
                lanes: [lane()], at: moment(5), deadline: Instant(milliseconds: 2_000_000))
            let item = try #require(first.picks.first?.entry.member.item)
            #expect(first.picks.map(\.agent) == [1])
            #expect(try await store.overdueReservations(at: Instant(milliseconds: 1_999_999)).isEmpty)
            #expect(
                try await store.overdueReservations(at: Instant(milliseconds: 2_000_000)).map(\.entry.member.item) == [
                    item
                ])

            let refused = try await store.refuse([AgentItem(agent: 1, item: item, at: 2)])
            #expect(refused.map(\.weight) == [1] && refused.map(\.mayTakeMore) == [true])
            #expect(try await store.counts().map(\.size) == [0])
            #expect(try await store.overdueReservations(at: farDeadline).isEmpty)
            _ = try await store.add([entry(lane(), anchor: 1, arrival: 2)])
            let second = try await store.match(lanes: [lane()], at: moment(6), deadline: farDeadline)
            #expect(second.picks.first?.agent == 1)
            #expect(
                second.picks.first?.explanation.agents == [
                    EligibleAgent(id: 1, idleSince: 10), EligibleAgent(id: 2, idleSince: 20),
                ])
        }
    }

    @Test func aRefusedReservationOfWhatIsStillQueuedReturnsToItsLaneInTheSameStep() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgent(readyAgent(1, capacity: 3))
            let entries = [1, 2, 3].map { entry(lane(), anchor: 10 * $0, arrival: $0) }
            _ = try await store.add(entries)
            let picks = try await store.pick(agent: 1, at: moment(50), deadline: farDeadline).picks
            #expect(picks.map(\.entry) == entries)
            let held = picks.map { AgentItem(agent: 1, item: $0.entry.member.item, at: 2) }
            // One came to the agent meanwhile; that is not put back, whatever is said of it.
            _ = try await store.confirm([held[1]])
            _ = try await store.refuse([held[0], held[2]], queued: [held[0].item])
            _ = try await store.refuse([held[1]], queued: [held[1].item])
            #expect(try await store.counts().map(\.size) == [1])
            #expect(try await store.overdueReservations(at: farDeadline).isEmpty)
            let again = try await store.pick(agent: 1, at: moment(60), deadline: farDeadline).picks
            #expect(again.map(\.entry) == [entries[0]])
        }
    }

    @Test func aResyncKeepsReservationsAndIgnoresOldRows() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            try await store.setAgent(readyAgent(1, capacity: 2, revision: 5))
            _ = try await store.add([entry(lane(), anchor: 1)])
            let pick = try #require(
                try await store.pick(agent: 1, at: moment(5), deadline: farDeadline).picks.first)
            let old = try await store.setAgent(readyAgent(1, capacity: 9, revision: 4))
            #expect(old.applied == false)
            let row = try await store.setAgent(readyAgent(1, capacity: 1, revision: 5))
            #expect(row == AgentPlacement(applied: true, mayTakeMore: false))
            #expect(try await store.held(by: [1, 2]).mapValues { $0.values.map(\.stage) } == [1: [.reserved]])
            #expect(try await store.confirm([AgentItem(agent: 1, item: pick.entry.member.item, at: 2)]) == [.reserved])
        }
    }

    @Test func oneCallPicksAtMostSixteenAndSaysThatThereIsMore() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            _ = try await store.add((1...20).map { entry(lane(), anchor: 1, arrival: Int64($0)) })
            try await store.setAgent(readyAgent(1, capacity: 30))
            let first = try await store.match(lanes: [lane()], at: moment(5), deadline: farDeadline, most: 99)
            #expect(first.picks.count == 16 && first.ends == [.more])
            let rest = try await store.match(lanes: [lane()], at: moment(5), deadline: farDeadline)
            #expect(rest.picks.count == 4 && rest.ends == [.nothingToPick])
        }
    }

    @Test func agentsNotSeenForAWhileAreListed() async throws {
        try await withLanes { store, _ in
            try await store.noteSeen([1, 2], at: Instant(milliseconds: 1000))
            try await store.noteSeen([2], at: Instant(milliseconds: 2000))
            try await store.noteSeen([2], at: Instant(milliseconds: 1500))
            #expect(try await store.unseenAgents(since: Instant(milliseconds: 1900)) == [1])
            try await store.forgetSeen([1])
            #expect(try await store.unseenAgents(since: Instant(milliseconds: 9000)) == [2])
        }
    }

    @Test func aThousandAndMoreEntriesOfOneCallAllArriveOnce() async throws {
        try await withLanes { store, _ in
            try await store.putCurve(try risingCurve(), version: 1)
            let entries = (0..<2500).map {
                entry(lane(skills: [Int32($0 % 2 + 1)]), anchor: Int64($0), arrival: Int64($0))
            }
            #expect(try await store.add(entries).added == 2500)
            #expect(try await store.add(entries).added == 0)
            #expect(try await store.entries(of: lane(skills: [1]), most: 3).map(\.anchor) == [0, 2, 4])
            #expect(try await store.remove(entries) == 2500)
            #expect(try await store.counts().map(\.size) == [0, 0])
        }
    }

    /// What FLUSHALL does, for the keys of this test alone.
    private func forgetAll(_ store: LaneStore, _ redis: RedisClient) async throws {
        let keys = try await redis.command(["KEYS", .string("\(store.base):*")]).elements ?? []
        try await redis.command(["DEL"] + keys.compactMap(\.bytes).map { .bytes($0) })
    }
}
