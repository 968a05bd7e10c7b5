import Domain
import Testing

@Suite("Dates and openings as people write them")
struct CivilDateTests {
    @Test("days count through every date of eleven centuries")
    func countsDays() {
        var wrong: [Int] = []
        var previous = CivilDate(daysSince1970: -200_000)
        for days in -199_999...200_000 {
            let date = CivilDate(daysSince1970: days)
            let right =
                date.daysSince1970 == days && previous < date && (date.weekday - previous.weekday + 7) % 7 == 1
                && CivilDate(year: date.year, month: date.month, day: date.day) == date
            if !right { wrong.append(days) }
            previous = date
        }
        #expect(wrong.isEmpty)
        #expect(CivilDate("1970-01-01")?.daysSince1970 == 0)
        #expect(CivilDate("2000-03-01")?.daysSince1970 == 11_017)
    }

    @Test("reads dates and knows their day of the week")
    func readsDates() throws {
        let christmas = try #require(CivilDate("2026-12-25"))
        #expect(Weekday(of: christmas) == .fri)
        #expect(christmas.description == "2026-12-25")
        for text in ["2026-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "26-01-01", "2026/01/01", "2026-01-01Z", ""]
        {
            #expect(CivilDate(text) == nil)
        }
        #expect(CivilDate("2024-02-29") != nil)
        #expect(CivilDate("1900-02-29") == nil)
        #expect(CivilDate("2000-02-29") != nil)
    }

    @Test("reads openings; 24:00 is a closing time, and no length is allowed")
    func readsOpenings() throws {
        let whole = try #require(LocalOpening("00:00-24:00"))
        #expect(whole.startMinute == 0 && whole.endMinute == 1440)
        let none = try #require(LocalOpening("08:00-08:00"))
        #expect(none.startMinute == none.endMinute)
        #expect(LocalOpening("08:05-17:30")?.description == "08:05-17:30")
        for text in [
            "17:00-08:00", "08:00-24:01", "8:00-17:00", "08:60-17:00", "25:00-26:00", "08:00 17:00", "08.00-17.00", "",
        ] {
            #expect(LocalOpening(text) == nil)
        }
        #expect(LocalOpening(startMinute: -1, endMinute: 5) == nil)
        #expect(LocalOpening(startMinute: 0, endMinute: 1441) == nil)
    }

    @Test("openings overlap when a minute lies in both")
    func overlaps() throws {
        let morning = try #require(LocalOpening("08:00-12:00"))
        #expect(!morning.overlaps(try #require(LocalOpening("12:00-17:00"))))
        #expect(morning.overlaps(try #require(LocalOpening("11:59-17:00"))))
        #expect(!morning.overlaps(try #require(LocalOpening("09:00-09:00"))))
    }
}
