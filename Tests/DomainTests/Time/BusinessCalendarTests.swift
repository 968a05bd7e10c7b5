import Domain
import Testing

@Suite("Business time")
struct BusinessCalendarTests {
    private func calendar(_ openings: (Int64, Int64)...) -> BusinessCalendar {
        BusinessCalendar(
            openings: openings.map { Opening(start: Instant(milliseconds: $0.0), end: Instant(milliseconds: $0.1)) })
    }

    @Test("counts the time open up to an instant")
    func counts() {
        let calendar = calendar((100, 200), (300, 450))
        let expected: [(Int64, Int64)] = [
            (.min, 0), (0, 0), (100, 0), (150, 50), (200, 100), (299, 100), (300, 100), (301, 101), (450, 250),
            (.max, 250),
        ]
        for (time, businessTime) in expected {
            #expect(calendar.businessTime(at: Instant(milliseconds: time)) == businessTime)
        }
    }

    @Test("finds the first instant with a business time; a closing, not the next opening")
    func inverse() {
        let calendar = calendar((100, 200), (300, 450))
        let expected: [(Int64, Int64?)] = [
            (.min, 100), (0, 100), (1, 101), (99, 199), (100, 200), (101, 301), (250, 450), (251, nil), (.max, nil),
        ]
        for (businessTime, time) in expected {
            #expect(calendar.instant(atBusinessTime: businessTime)?.milliseconds == time)
        }
    }

    @Test("openings in any order that overlap, touch or have no length become one stretch")
    func merges() {
        let merged = calendar((300, 400), (100, 200), (200, 250), (350, 360), (390, 450), (260, 260), (280, 270))
        #expect(merged == calendar((100, 250), (300, 450)))
        #expect(merged.openings.count == 2)
        #expect(merged.lastClosing == Instant(milliseconds: 450))
        #expect(merged != calendar((100, 250), (300, 451)))
    }

    @Test("without openings time stands still")
    func empty() {
        let never = calendar()
        #expect(never.businessTime(at: Instant(milliseconds: 5)) == 0)
        #expect(never.instant(atBusinessTime: 0) == nil)
        #expect(never.lastClosing == nil)
    }

    @Test("always open: business time is the time")
    func alwaysOpen() {
        for time: Int64 in [-5, 0, 1, 1_767_323_045_678, 7_258_118_399_999] {
            #expect(BusinessCalendar.alwaysOpen.businessTime(at: Instant(milliseconds: time)) == time)
            #expect(BusinessCalendar.alwaysOpen.instant(atBusinessTime: time) == Instant(milliseconds: time))
        }
        #expect(BusinessCalendar.alwaysOpen.businessTime(at: Instant(milliseconds: .max)) == 1 << 52)
        #expect(BusinessCalendar.alwaysOpen.businessTime(at: Instant(milliseconds: .min)) == -(1 << 52))
    }

    @Test("never falls, never outruns the clock, and the inverse undoes it", arguments: 0..<60)
    func laws(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let from = try instant(seed % 2 == 0 ? "2011-12-20T10:00:00Z" : "2026-03-20T00:00:00Z")
        let through = from + 300 * oneDay
        guard let calendar = try? randomDefinition(using: &random).compile(from: from, through: through) else { return }
        let first = try #require(calendar.openings.first)
        let total = calendar.businessTime(at: through)
        var previous = from - 2 * oneDay
        while previous < through + 2 * oneDay {
            let next = previous + Int64.random(in: 0..<5 * oneHour, using: &random)
            let before = calendar.businessTime(at: previous)
            let after = calendar.businessTime(at: next)
            #expect(before <= after)
            #expect(after - before <= next - previous)
            let back = try #require(calendar.instant(atBusinessTime: after))
            #expect(back <= max(next, first.start))
            #expect(calendar.businessTime(at: back) == after)
            previous = next + 1
        }
        for _ in 0..<500 {
            let businessTime = Int64.random(in: 1...total, using: &random)
            let found = try #require(calendar.instant(atBusinessTime: businessTime))
            #expect(calendar.businessTime(at: found) == businessTime)
            #expect(calendar.businessTime(at: found - 1) == businessTime - 1)
        }
        #expect(calendar.instant(atBusinessTime: total + 1) == nil)
        let summed = calendar.openings.reduce(Int64(0)) { $0 + ($1.end - $1.start) }
        #expect(summed == total)
    }
}
