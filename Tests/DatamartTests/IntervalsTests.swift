import Datamart
import Domain
import Foundation
import Testing

@Suite struct IntervalsTests {
    private func day(_ text: String) -> Int64 { Int64(CivilDate(text)?.daysSince1970 ?? 0) }
    private func at(_ text: String) -> Int64 { Instant(rfc3339: text)?.milliseconds ?? 0 }

    @Test func `an item that crosses midnight counts on the day of each step, zone by zone`() {
        var life = Life(zones: ["Europe/Stockholm", "UTC"])
        // 23:30 in Stockholm, 22:30 in UTC; completed an hour later.
        let minutes = Double(at("2026-03-23T22:30:00Z") - Life.start) / 60_000
        life.step(.submit, .queued, after: minutes)
        life.step(.complete, .completed, after: minutes + 60)
        func days(_ measure: Measure, zone: Int32) -> [Int64] {
            life.contributions.rows[Aggregate.process.rawValue].filter { $0.key.zone == zone && $0.value[measure] == 1 }
                .map(\.key.start)
        }
        #expect(days(.entered, zone: 1) == [day("2026-03-23")])
        #expect(days(.completed, zone: 1) == [day("2026-03-24")])
        #expect(days(.completed, zone: 2) == [day("2026-03-23")])
    }

    @Test(arguments: [
        // The day with 23 hours, and that with 25.
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"),
    ])
    func `days on which the clock is changed`(date: String, first: String, last: String) {
        var intervals = Intervals(timeZones: ["Europe/Stockholm"], floor: Instant(milliseconds: .min))
        #expect(intervals.days(at: at(first)) == [day(date)])
        #expect(intervals.days(at: at(first) - 1) == [day(date) - 1])
        #expect(intervals.days(at: at(last)) == [day(date)])
        #expect(intervals.days(at: at(last) + 1000) == [day(date) + 1])
    }

    @Test func `a zone that is off by quarters of an hour`() {
        var intervals = Intervals(timeZones: ["Asia/Kathmandu"], floor: Instant(milliseconds: .min))
        #expect(intervals.days(at: at("2026-03-23T18:14:59Z")) == [day("2026-03-23")])
        #expect(intervals.days(at: at("2026-03-23T18:15:00Z")) == [day("2026-03-24")])
    }
}

@Suite struct AgentOccupancyTests {
    private func fold(_ body: (inout AgentState, FoldAgent, inout Contributions) -> Void) -> [AgentMeasure: Int64] {
        var contributions = Contributions(
            intervals: Intervals(timeZones: ["UTC"], floor: Instant(milliseconds: .min)))
        var state = AgentState(agent: 7, effectiveAt: Life.start, countedThrough: Life.start)
        body(&state, FoldAgent(), &contributions)
        return Dictionary(
            uniqueKeysWithValues: AgentMeasure.allCases.map { measure in
                let rows = contributions.rows[Aggregate.agent.rawValue].filter { $0.key.zone == 1 }
                return (measure, rows.reduce(0) { $0 + $1.value[measure.rawValue] } / Life.minute)
            })
    }

    @Test func `agent occupancy, away time, items at once: busy while an item is assigned, else as it says`() {
        let minutes = fold { state, fold, contributions in
            fold.change(&state, at: Life.at(0), &contributions) { $0.declared = .ready }
            fold.change(&state, at: Life.at(10), &contributions) { $0.items = 1 }
            fold.change(&state, at: Life.at(20), &contributions) { $0.items = 2 }
            fold.change(&state, at: Life.at(30), &contributions) { $0.declared = .notReady }
            fold.change(&state, at: Life.at(40), &contributions) { $0.items = 0 }
            fold.change(&state, at: Life.at(55), &contributions) { $0.declared = .offline }
            fold.passTime(&state, through: Life.at(500), &contributions)
        }
        #expect(minutes == [.idle: 10, .busy: 30, .away: 15, .item: 50])
    }

    @Test func `agent occupancy: a change that is told late takes back what was counted beyond it`() {
        let minutes = fold { state, fold, contributions in
            fold.change(&state, at: Life.at(0), &contributions) { $0.declared = .ready }
            fold.passTime(&state, through: Life.at(100), &contributions)
            fold.change(&state, at: Life.at(40), &contributions) { $0.declared = .notReady }
            fold.passTime(&state, through: Life.at(100), &contributions)
        }
        #expect(minutes == [.idle: 40, .away: 60, .busy: 0, .item: 0])
    }
}
