import Datamart
import Domain
import ServiceKit
import Testing

/// How rows of sums become rows of a report.
@Suite struct ReportRowsTests {
    private func name(_ text: String) -> ReportLabel { .name(order: 0, text) }

    private func row(_ labels: [ReportLabel], _ sums: [String: Int64]) -> ReportRow {
        ReportRow(labels, ReportSums(sums))
    }

    @Test func rowsOfTheSameLabelsAreAddedUp() {
        let rows = ReportRows.merged([
            row([name("b")], ["entered": 1]), row([name("a")], ["entered": 2]),
            row([name("b")], ["entered": 3, "completed": 1]),
        ])
        #expect(rows.map(\.labels) == [[name("a")], [name("b")]])
        #expect(rows[1].sums["entered"] == 4)
        #expect(rows[1].sums["completed"] == 1)
    }

    @Test func aMeanOfSeveralRowsIsThatOfTheirSums() {
        let rows = [
            row([name("a")], ["wait_ms": 10_000, "waits": 1]), row([name("b")], ["wait_ms": 10_000, "waits": 9]),
        ]
        let total = ReportRows.total(rows, place: nil)
        #expect(total.value(of: .mean("wait_ms", per: "waits")) == .number(2))
        #expect(rows[1].value(of: .mean("wait_ms", per: "waits")) == .number(1.111))
        #expect(row([], [:]).value(of: .mean("wait_ms", per: "waits")) == nil)
        #expect(row([], [:]).value(of: .share("sla_met", of: "sla_eligible")) == nil)
        #expect(row([], ["sla_eligible": 4]).value(of: .share("sla_met", of: "sla_eligible")) == .number(0))
    }

    @Test func levelsRiseFromIntervalToInterval() throws {
        let rows = try ReportRows.withLevels(
            [row([.interval(1)], ["open": 5, "entered": 5]), row([.interval(3)], ["open": -4])], ["open"],
            before: [[]: ReportSums(["open": 10])], place: 0, intervals: 5)
        #expect(rows.map { $0.value(of: .opening("open")) } == [10, 10, 15, 15, 11].map { .integer($0) })
        #expect(rows.map { $0.value(of: .closing("open")) } == [10, 15, 15, 11, 11].map { .integer($0) })
        let total = ReportRows.total(rows, place: 0)
        #expect(total.value(of: .opening("open")) == .integer(10))
        #expect(total.value(of: .closing("open")) == .integer(11))
    }

    @Test func whatIsOpenIsShownAlsoWhereNothingHappened() throws {
        let rows = try ReportRows.withLevels(
            [row([name("busy")], ["open": 1])], ["open"],
            before: [[name("quiet")]: ReportSums(["open": 3]), [name("empty")]: ReportSums()], place: nil, intervals: 0)
        #expect(rows.map(\.labels) == [[name("busy")], [name("quiet")]])
        #expect(rows[1].value(of: .closing("open")) == .integer(3))
        #expect(ReportRows.total(rows, place: nil).value(of: .closing("open")) == .integer(4))
    }

    @Test func aCourseOfManyPartsIsRefusedBeforeItFillsTheMemory() throws {
        var before: [[ReportLabel]: ReportSums] = [:]
        for part in 0..<1000 { before[[name("\(part)")]] = ReportSums(["open": 1]) }
        #expect(throws: Problem.self) {
            try ReportRows.withLevels([], ["open"], before: before, place: 0, intervals: 101)
        }
        #expect(try ReportRows.withLevels([], ["open"], before: before, place: 0, intervals: 100).count == 100_000)
    }

    @Test func seriesOfPartsAddUpToTheWhole() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var parts: [ReportRow] = []
            var whole: [Int: Int64] = [:]
            var before: [[ReportLabel]: ReportSums] = [:]
            var opening: Int64 = 0
            for part in ["a", "b", "c"] {
                let open = Int64.random(in: 0...5, using: &generator)
                opening += open
                before[[name(part)]] = ReportSums(["open": open])
                for interval in 0..<6 where Bool.random(using: &generator) {
                    let change = Int64.random(in: -2...3, using: &generator)
                    parts.append(row([.interval(interval), name(part)], ["open": change]))
                    whole[interval, default: 0] += change
                }
            }
            let rows = try ReportRows.withLevels(
                ReportRows.merged(parts), ["open"], before: before, place: 0, intervals: 6)
            var open = opening
            for interval in 0..<6 {
                open += whole[interval] ?? 0
                // A part that has been 0 since is not shown, so the last known of each counts.
                let shown = rows.filter { $0.labels[0] == .interval(interval) }.reduce(0) { $0 + $1.closing["open"] }
                #expect(shown == open)
            }
            #expect(ReportRows.total(rows, place: 0).closing["open"] == open)
        }
    }

    @Test func bandsAreInTheirOrderAndNobodysComesLast() {
        let labels: [ReportLabel] = [.none, .name(order: 2, "1 to 4 h"), .name(order: 1, "under 1 h")]
        let rows = ReportRows.merged(labels.map { row([$0], ["entered": 1]) })
        #expect(rows.map(\.labels) == [[labels[2]], [labels[1]], [labels[0]]])
    }

    @Test func aRowOfNothingThatIsShownIsNothing() {
        let shown = [ReportMeasure("offered", "offered", .sum("offered"))]
        #expect(row([name("a")], ["entered": 2]).showsNothing(of: shown))
        #expect(!row([name("a")], ["offered": 1]).showsNothing(of: shown))
        #expect(row([], [:]).showsNothing(of: [ReportMeasure("wait", "wait", .mean("wait_ms", per: "waits"))]))
    }

    @Test func aTargetThatChangesIsWeighedByTheItemsThatWereToReachIt() throws {
        let (first, second) = (try #require(CivilDate("2026-01-01")), try #require(CivilDate("2026-07-01")))
        let targets = [
            ServiceLevelTarget(category: "A", from: first, to: second, percent: 80),
            ServiceLevelTarget(category: "A", from: second, to: nil, percent: 90),
            ServiceLevelTarget(category: "B", from: second, to: nil, percent: 70),
        ]
        func percent(_ category: String, _ before: Int64, _ after: Int64) -> Double? {
            ServiceLevelTarget.percent(
                of: category, over: [.init(day: first, items: before), .init(day: second, items: after)],
                among: targets)
        }
        #expect(percent("A", 3, 1) == 82.5)
        #expect(percent("A", 0, 5) == 90)
        #expect(percent("A", 5, 0) == 80)
        #expect(percent("A/C", 0, 0) == 90, "of the last part where nothing was due")
        #expect(percent("B", 9, 1) == 70, "without a target nothing is to be reached")
        #expect(percent("C", 9, 1) == nil)
        #expect(ServiceLevelTarget.percent(of: "A", over: [], among: targets) == nil)
    }

    @Test func theNearestTargetAboveACategoryHolds() throws {
        let first = try #require(CivilDate("2026-01-01"))
        let second = try #require(CivilDate("2026-07-01"))
        let targets = [
            ServiceLevelTarget(category: "A", from: first, to: second, percent: 80),
            ServiceLevelTarget(category: "A", from: second, to: nil, percent: 90),
            ServiceLevelTarget(category: "A/B", from: second, to: nil, percent: 99),
        ]
        let june = try #require(CivilDate("2026-06-30"))
        #expect(ServiceLevelTarget.percent(of: "A/B/C", on: june, among: targets) == 80)
        #expect(ServiceLevelTarget.percent(of: "A/B/C", on: second, among: targets) == 99)
        #expect(ServiceLevelTarget.percent(of: "A", on: second, among: targets) == 90)
        #expect(ServiceLevelTarget.percent(of: "AB", on: second, among: targets) == nil)
    }
}
