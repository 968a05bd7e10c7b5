import Domain
import Testing

@Suite("Speed of time arithmetic", .serialized)
struct TimeSpeedTests {
    /// The quickest of five runs, in seconds, so that a busy machine does not decide.
    private func quickest(_ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<5 {
            let duration = try ContinuousClock().measure(body)
            best = min(best, Double(duration.components.attoseconds) / 1e18 + Double(duration.components.seconds))
        }
        return best
    }

    @Test("twenty years compile within 200 ms", arguments: sampleZones)
    func compiles(zone: String) throws {
        let definition = try daily(zone, "08:00-12:00", "13:00-17:00")
        let from = try instant("2020-01-01T00:00:00Z")
        let seconds = try quickest {
            _ = try definition.compile(from: from, through: from + 20 * 366 * oneDay)
        }
        print("compile 20 years, \(zone): \(seconds * 1000) ms")
        #expect(seconds < 0.2)
    }

    @Test("business time and its inverse take well under 2 µs, on a busy machine too")
    func businessTime() throws {
        let from = try instant("2020-01-01T00:00:00Z")
        let calendar = try daily("Europe/Stockholm", "08:00-12:00", "13:00-17:00")
            .compile(from: from, through: from + 20 * 366 * oneDay)
        var random = SeededRandom(seed: 9)
        let times = (0..<100_000).map { _ in from + Int64.random(in: 0..<20 * 366 * oneDay, using: &random) }
        var sum: Int64 = 0
        let forward = quickest { for time in times { sum &+= calendar.businessTime(at: time) } }
        let total = calendar.businessTime(at: from + 20 * 366 * oneDay)
        let targets = times.indices.map { Int64($0) * (total / 100_000) }
        let inverse = quickest {
            for target in targets { sum &+= calendar.instant(atBusinessTime: target)?.milliseconds ?? 0 }
        }
        let texts = times.map(\.rfc3339)
        let format = quickest { for time in times { sum &+= Int64(time.rfc3339.utf8.count) } }
        let parse = quickest { for text in texts { sum &+= Instant(rfc3339: text)?.milliseconds ?? 0 } }
        let bytes = calendar.serialised
        let read = try quickest { sum &+= Int64(try BusinessCalendar(serialised: bytes).openings.count) }
        print(
            "B(t) \(forward * 1e4) ns, inverse \(inverse * 1e4) ns,",
            "format \(format * 1e4) ns, parse \(parse * 1e4) ns,",
            "read \(bytes.count) bytes \(read * 1e6) µs, checksum \(sum)")
        #expect(forward < 0.2)
        #expect(inverse < 0.2)
    }
}
