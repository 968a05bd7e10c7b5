import Domain
import Foundation
import Testing

@Suite("Opening hours compiled")
struct CalendarDefinitionTests {
    /// Hours open on one date of a zone, from a calendar compiled around it.
    private func hours(_ definition: CalendarDefinition, from: String, through: String) throws -> Double {
        let (from, through) = (try instant(from), try instant(through))
        let calendar = try definition.compile(from: from - 3 * oneDay, through: through + 3 * oneDay)
        return Double(calendar.businessTime(at: through) - calendar.businessTime(at: from)) / Double(oneHour)
    }

    @Test("a day is as long as its clock says")
    func dayLengths() throws {
        let days: [(zone: String, from: String, through: String, hours: Double)] = [
            ("Europe/Stockholm", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23),
            ("Europe/Stockholm", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25),
            ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23),
            ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25),
            ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 24.5),
            ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 23.5),
            ("Asia/Kolkata", "2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z", 24),
            ("Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", 48),
        ]
        for sample in days {
            let open = try daily(sample.zone, "00:00-24:00")
            #expect(try hours(open, from: sample.from, through: sample.through) == sample.hours)
        }
    }

    @Test("an hour that the clock skips counts nothing, one that it repeats counts twice")
    func gapsAndRepeats() throws {
        let spring = ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
        let autumn = ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
        let night = try daily("Europe/Stockholm", "02:00-03:00", "10:00-11:00")
        #expect(try hours(night, from: spring.0, through: spring.1) == 1)
        #expect(try hours(night, from: autumn.0, through: autumn.1) == 3)
        let across = try daily("Europe/Stockholm", "01:30-02:30")
        #expect(try hours(across, from: spring.0, through: spring.1) == 0.5)
        #expect(try hours(across, from: autumn.0, through: autumn.1) == 1.5)
        let howe = try daily("Australia/Lord_Howe", "01:30-02:00")
        #expect(try hours(howe, from: "2026-04-04T13:00:00Z", through: "2026-04-05T13:30:00Z") == 1)
    }

    @Test("a date that the zone skipped is not there")
    func skippedDate() throws {
        let friday = CalendarDefinition(timeZone: "Pacific/Apia", weekly: [.fri: try openings(["00:00-24:00"])])
        let (from, through) = (try instant("2011-12-24T10:00:00Z"), try instant("2012-01-05T10:00:00Z"))
        #expect(throws: CalendarError.neverOpens) { try friday.compile(from: from, through: through) }
        let saturday = CalendarDefinition(timeZone: "Pacific/Apia", weekly: [.sat: try openings(["08:00-10:00"])])
        let calendar = try saturday.compile(from: from + oneDay, through: through)
        #expect(calendar.openings.first?.start == (try instant("2011-12-30T18:00:00Z")))
    }

    @Test("closed dates close, special dates have hours of their own and go first")
    func dates() throws {
        var office = try daily("Europe/Stockholm", "08:00-12:00", "13:00-17:00")
        office.weekly[.sat] = []
        office.weekly[.sun] = nil
        office.closed = [try date("2026-12-25"), try date("2026-12-24")]
        office.special = [
            try date("2026-12-24"): try openings(["09:00-11:00"]),
            try date("2026-12-26"): try openings(["10:00-11:00"]),
        ]
        #expect(try hours(office, from: "2026-12-22T23:00:00Z", through: "2026-12-23T23:00:00Z") == 8)
        #expect(try hours(office, from: "2026-12-23T23:00:00Z", through: "2026-12-24T23:00:00Z") == 2)
        #expect(try hours(office, from: "2026-12-24T23:00:00Z", through: "2026-12-25T23:00:00Z") == 0)
        #expect(try hours(office, from: "2026-12-25T23:00:00Z", through: "2026-12-26T23:00:00Z") == 1)
        #expect(try hours(office, from: "2026-12-26T23:00:00Z", through: "2026-12-27T23:00:00Z") == 0)
    }

    @Test("openings that overlap or have no length do no harm; days until 24:00 join")
    func oddOpenings() throws {
        let (from, through) = (try instant("2026-05-04T00:00:00Z"), try instant("2026-05-14T00:00:00Z"))
        let plain = try daily("Asia/Kolkata", "08:00-17:00").compile(from: from, through: through)
        let odd = try daily("Asia/Kolkata", "10:00-17:00", "08:00-12:00", "00:00-00:00", "09:00-09:00", "24:00-24:00")
        #expect(try odd.compile(from: from, through: through) == plain)
        let always = try daily("Europe/Stockholm", "00:00-24:00").compile(from: from, through: through)
        #expect(always.openings == [Opening(start: from, end: through)])
    }

    @Test("refuses what never opens, an unknown zone and a range of no or endless length")
    func refuses() throws {
        let (from, through) = (try instant("2026-01-01T00:00:00Z"), try instant("2036-01-01T00:00:00Z"))
        let none = try daily("Europe/Stockholm", "08:00-08:00")
        #expect(throws: CalendarError.neverOpens) { try none.compile(from: from, through: through) }
        let empty = CalendarDefinition(timeZone: "Europe/Stockholm", weekly: [:])
        #expect(throws: CalendarError.neverOpens) { try empty.compile(from: from, through: through) }
        let lost = try daily("Europe/Atlantis", "08:00-17:00")
        #expect(throws: CalendarError.unknownTimeZone("Europe/Atlantis")) {
            try lost.compile(from: from, through: through)
        }
        let good = try daily("Europe/Stockholm", "08:00-17:00")
        #expect(throws: CalendarError.invalidRange) { try good.compile(from: from, through: from) }
        #expect(throws: CalendarError.invalidRange) { try good.compile(from: through, through: from) }
        #expect(throws: CalendarError.invalidRange) {
            try good.compile(from: Instant(milliseconds: .min), through: Instant(milliseconds: .max))
        }
        #expect(throws: CalendarError.invalidRange) {
            try good.compile(from: Instant(milliseconds: .min), through: Instant(milliseconds: .min) + oneDay)
        }
    }

    @Test("a later end changes nothing before the earlier one")
    func extends() throws {
        let (from, through) = (try instant("2000-01-01T00:00:00Z"), try instant("2030-06-15T10:20:30.123Z"))
        let office = try daily("America/New_York", "08:00-12:00", "13:00-17:00")
        let short = try office.compile(from: from, through: through)
        let long = try office.compile(from: from, through: through + 900 * oneDay)
        var random = SeededRandom(seed: 5)
        for _ in 0..<2000 {
            let time = Instant(milliseconds: Int64.random(in: from.milliseconds...through.milliseconds, using: &random))
            #expect(short.businessTime(at: time) == long.businessTime(at: time))
        }
    }

    @Test("agrees minute by minute with the clock on the wall", arguments: 0..<20)
    func wallClock(seed: UInt64) throws {
        var random = SeededRandom(seed: 100 + seed)
        var definition = try randomDefinition(using: &random)
        definition.timeZone = sampleZones[Int(seed % 5)]
        let starts = [
            "2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2026-03-07T00:00:00Z", "2026-10-31T00:00:00Z",
            "2026-04-03T00:00:00Z", "2026-10-02T00:00:00Z", "2011-12-28T00:00:00Z",
        ]
        let from = try instant(starts[Int(seed / 5 + seed) % starts.count])
        let through = from + 5 * oneDay
        let calendar = (try? definition.compile(from: from, through: through)) ?? BusinessCalendar(openings: [])
        var gregorian = Calendar(identifier: .gregorian)
        gregorian.timeZone = try #require(TimeZone(identifier: definition.timeZone))
        var expected: Int64 = 0
        var time = from
        while time < through {
            let moment = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
            let clock = gregorian.dateComponents([.year, .month, .day, .hour, .minute], from: moment)
            let minute = (clock.hour ?? 0) * 60 + (clock.minute ?? 0)
            let today = try #require(CivilDate(year: clock.year ?? 0, month: clock.month ?? 0, day: clock.day ?? 0))
            let usual = definition.closed.contains(today) ? [] : definition.weekly[Weekday(of: today)] ?? []
            let openings = definition.special[today] ?? usual
            if openings.contains(where: { $0.startMinute <= minute && minute < $0.endMinute }) { expected += 60_000 }
            time = time + 60_000
            #expect(calendar.businessTime(at: time) == expected, "\(definition.timeZone) \(time)")
        }
    }
}
