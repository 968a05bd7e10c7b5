import Domain
import Testing

@Suite("Calendars as bytes")
struct BusinessCalendarSerialisationTests {
    @Test("what is written is read back equal", arguments: 0..<40)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let unit: Int64 = [1, 7, 1000, 60_000, 3_600_000][Int(seed % 5)]
        let openings = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            let start = Int64.random(in: -1_000_000...1_000_000, using: &random)
            return Opening(
                start: Instant(milliseconds: start * unit),
                end: Instant(milliseconds: (start + Int64.random(in: 0...3000, using: &random)) * unit))
        }
        let calendar = BusinessCalendar(openings: openings)
        #expect(try BusinessCalendar(serialised: calendar.serialised) == calendar)
    }

    @Test("extremes are read back equal")
    func extremes() throws {
        let all = Opening(start: Instant(milliseconds: .min), end: Instant(milliseconds: .max))
        for calendar in [.alwaysOpen, BusinessCalendar(openings: []), BusinessCalendar(openings: [all])] {
            #expect(try BusinessCalendar(serialised: calendar.serialised) == calendar)
        }
        #expect(BusinessCalendar(openings: [all]) != .alwaysOpen)
        #expect(BusinessCalendar.alwaysOpen.serialised.count == 2)
    }

    @Test("twenty years of office hours stay small")
    func compact() throws {
        var office = try daily("Europe/Stockholm", "08:00-12:00", "13:00-17:00")
        office.weekly[.sat] = []
        office.weekly[.sun] = []
        let from = try instant("2020-01-01T00:00:00Z")
        let calendar = try office.compile(from: from, through: from + 20 * 366 * oneDay)
        #expect(calendar.openings.count > 10_000)
        #expect(calendar.serialised.count < 21_000)
        #expect(try BusinessCalendar(serialised: calendar.serialised) == calendar)
    }

    @Test("damaged bytes are refused, never trusted")
    func damaged() throws {
        let calendar = BusinessCalendar(openings: [
            Opening(start: Instant(milliseconds: 1000), end: Instant(milliseconds: 2000)),
            Opening(start: Instant(milliseconds: 5000), end: Instant(milliseconds: 9000)),
        ])
        let bytes = calendar.serialised
        for count in 0..<bytes.count {
            #expect(throws: CalendarError.malformedBytes) { try BusinessCalendar(serialised: Array(bytes[..<count])) }
        }
        #expect(throws: CalendarError.malformedBytes) { try BusinessCalendar(serialised: bytes + [0]) }
        #expect(throws: CalendarError.malformedBytes) { try BusinessCalendar(serialised: [2, 0]) }
        #expect(throws: CalendarError.malformedBytes) {
            try BusinessCalendar(serialised: [1, 1] + [UInt8](repeating: 0xFF, count: 40))
        }
        var random = SeededRandom(seed: 3)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0...2 {
                changed[Int.random(in: 0..<changed.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let read = try? BusinessCalendar(serialised: changed) {
                #expect(read.openings.allSatisfy { $0.start < $0.end })
            }
        }
    }
}
