import Domain
import Testing
import millrace

@Suite struct StatisticsTests {
    @Test func quantilesAreAtMostThreePercentTooLong() {
        var generator = SeededGenerator(seed: 3)
        var histogram = LatencyHistogram()
        var values: [Int64] = []
        for _ in 0..<20_000 {
            let value =
                Int64(1) << Int64.random(in: 0...30, using: &generator) + Int64.random(in: 0...1000, using: &generator)
            values.append(value)
            histogram.record(microseconds: value)
        }
        values.sort()
        for share in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(1, Int((share * Double(values.count)).rounded(.up))) - 1]
            let found = histogram.quantile(share) ?? 0
            #expect(found >= exact)
            #expect(Double(found) <= Double(exact) * 1.032)
        }
        #expect(histogram.count == 20_000)
        #expect(histogram.longest == values.last)
        #expect(histogram.total == values.reduce(0, +))
    }

    @Test func smallAndStrangeDurations() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        #expect(histogram.mean == nil)
        histogram.record(microseconds: -5)
        #expect(histogram.quantile(0.5) == 0)
        histogram.record(.milliseconds(3))
        #expect(histogram.quantile(1) == 3000)
        histogram.record(microseconds: .max)
        #expect(histogram.longest == LatencyHistogram.limit)
    }

    @Test func theBusiestComeFirst() {
        var statistics = SimulationStatistics()
        statistics.completedByAgent = ["zoi": 3, "anna": 3, "emil": 5, "olga": 1]
        #expect(statistics.busiest(3).map(\.agent) == ["emil", "anna", "zoi"])
    }

    @Test func theSummaryIsJSON() throws {
        var statistics = SimulationStatistics()
        statistics.completed = 20
        statistics.accepting.record(.milliseconds(2))
        let json = try JSONValue(parsing: statistics.json(agents: 2, seconds: 4).bytes)
        #expect(json["completedPerSecond"]?.numberValue == 5)
        #expect(json["accept"]?["p50"]?.numberValue == 2)
        #expect(json["complete"]?["p50"] == .null)
    }

    @Test func handleTimesHaveTheirMean() throws {
        var generator = SeededGenerator(seed: 11)
        let time = try #require(HandleTime("2s,0.8"))
        let seconds = (0..<50_000).map { _ in time.seconds(using: &generator) }
        let mean = seconds.reduce(0, +) / Double(seconds.count)
        #expect(abs(mean - 2) < 0.05)
        #expect(seconds.allSatisfy { $0 > 0 && $0 <= 40 })
        #expect(HandleTime("0") == HandleTime(mean: 0))
        #expect(HandleTime("1m30s") == HandleTime(mean: 90))
        #expect(HandleTime("x") == nil)
        #expect(HandleTime("-1") == nil)
        #expect(HandleTime("1,9") == nil)
        #expect(HandleTime("1,2,3") == nil)
    }
}
