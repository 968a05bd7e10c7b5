import Datamart
import Domain
import Testing

/// Intervals of reports, in zones whose days are not all 24 hours long.
@Suite struct ReportZoneTests {
    private func zone(_ name: String = "Europe/Stockholm") throws -> ReportZone { try #require(ReportZone(name)) }
    private func instant(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    private func period(
        _ from: String, _ to: String, _ interval: ReportInterval?, zone name: String = "Europe/Stockholm",
        floor: String = "1970-01-01T00:00:00Z", zoneKey: Int16? = 1
    ) throws -> ReportPeriod {
        try ReportPeriod(
            from: instant(from), to: instant(to), interval: interval, zone: zone(name),
            extent: MartExtent(intradayFloor: instant(floor), zoneKey: zoneKey))
    }

    @Test func dayOfSpringHas23Hours() throws {
        let day = try period("2026-03-29T10:00:00Z", "2026-03-29T10:00:01Z", .day)
        #expect(day.from == (try instant("2026-03-28T23:00:00Z")))
        #expect(day.to == (try instant("2026-03-29T22:00:00Z")))
        let hours = try period("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", .hour)
        #expect(hours.starts.count == 23)
    }

    @Test func dayOfAutumnHas25HoursAndEachIsItsOwn() throws {
        let hours = try period("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", .hour)
        #expect(hours.starts.count == 25)
        #expect(Set(hours.starts).count == 25)
        #expect(hours.to == (try instant("2026-10-25T23:00:00Z")))
    }

    @Test func aPeriodIsWidenedToWholeIntervals() throws {
        let weeks = try period("2026-11-25T12:00:00Z", "2026-11-30T00:00:00Z", .week)
        #expect(weeks.starts == [try instant("2026-11-22T23:00:00Z"), try instant("2026-11-29T23:00:00Z")])
        let quarter = try period("2026-11-25T12:07:00Z", "2026-11-25T12:07:01Z", nil)
        #expect(quarter.from == (try instant("2026-11-25T12:00:00Z")))
        #expect(quarter.to == (try instant("2026-11-25T12:15:00Z")))
        let year = try period("2026-05-05T00:00:00Z", "2026-05-06T00:00:00Z", .year)
        #expect(year.from == (try instant("2025-12-31T23:00:00Z")))
        #expect(year.to == (try instant("2026-12-31T23:00:00Z")))
        let months = try period("2026-01-31T00:00:00Z", "2026-03-02T00:00:00Z", .month)
        #expect(months.starts.count == 3)
    }

    @Test(arguments: ReportInterval.allCases) func intervalsFollowOneAnotherWithoutHoles(
        interval: ReportInterval
    ) throws {
        for name in ["Europe/Stockholm", "UTC", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"] {
            let length: Int64 = interval == .year || interval == .quarter ? 1500 : 40
            let from = try instant("2026-03-10T05:00:00Z")
            let period = try ReportPeriod(
                from: from, to: from + length * 86_400_000, interval: interval, zone: zone(name),
                extent: MartExtent(intradayFloor: Instant(milliseconds: 0), zoneKey: 1))
            let ends = Array(period.starts.dropFirst()) + [period.to]
            for (start, end) in zip(period.starts, ends) {
                #expect(start < end)
                #expect(end - start <= 366 * 86_400_000)
                if interval == .quarterHour { #expect(end - start == 900_000) }
            }
            #expect(period.from <= from)
        }
    }

    @Test func wholeDaysComeFromTheDayTablesAndTheRestFromQuarters() throws {
        let mixed = try period("2026-11-25T12:00:00Z", "2026-11-28T12:00:00Z", nil)
        #expect(mixed.days == CivilDate("2026-11-26")!..<CivilDate("2026-11-28")!)
        #expect(mixed.quarters.count == 2)
        let days = try period("2026-11-24T23:00:00Z", "2026-11-26T23:00:00Z", .day)
        #expect(days.days == CivilDate("2026-11-25")!..<CivilDate("2026-11-27")!)
        #expect(days.quarters.isEmpty)
        // A zone whose days are not kept.
        let foreign = try period("2026-11-25T12:00:00Z", "2026-11-28T12:00:00Z", .day, zone: "Asia/Tokyo", zoneKey: nil)
        #expect(foreign.days == nil)
        #expect(foreign.quarters == [foreign.from..<foreign.to])
    }

    @Test func whatWasPurgedIsRefusedOrWidenedToDays() throws {
        let floor = "2026-11-01T00:00:00Z"
        #expect(throws: (any Error).self) {
            try period("2026-10-01T00:00:00Z", "2026-11-28T00:00:00Z", .hour, floor: floor)
        }
        #expect(throws: (any Error).self) {
            try period(
                "2026-10-01T00:00:00Z", "2026-11-28T00:00:00Z", nil, zone: "Asia/Tokyo", floor: floor, zoneKey: nil)
        }
        let widened = try period("2026-10-01T12:00:00Z", "2026-11-28T12:00:00Z", nil, floor: floor)
        #expect(widened.from == (try instant("2026-09-30T22:00:00Z")))
        // A long period is one of whole days anyway.
        #expect(widened.quarters.isEmpty)
        let short = try period("2026-10-01T12:00:00Z", "2026-10-03T12:00:00Z", nil, floor: floor)
        #expect(short.from == (try instant("2026-09-30T22:00:00Z")))
        #expect(short.to == (try instant("2026-10-03T22:00:00Z")))
        #expect(short.quarters.isEmpty)
    }

    @Test func longPeriodsAreWholeDays() throws {
        let long = try period("2026-11-01T12:00:00Z", "2026-11-28T12:00:00Z", nil)
        #expect(long.from == (try instant("2026-10-31T23:00:00Z")))
        #expect(long.to == (try instant("2026-11-28T23:00:00Z")))
        #expect(long.quarters.isEmpty)
        // Days of another zone are not kept.
        let foreign = try period("2026-11-01T12:07:00Z", "2026-11-28T12:00:00Z", nil, zone: "Asia/Tokyo", zoneKey: nil)
        #expect(foreign.from == (try instant("2026-11-01T12:00:00Z")))
    }

    @Test func tooManyIntervalsAreRefused() throws {
        #expect(throws: (any Error).self) {
            try period("2024-01-01T00:00:00Z", "2026-11-28T00:00:00Z", .quarterHour)
        }
    }

    @Test func aPlusThatAnAddressMadeABlankIsRead() throws {
        let zone = try #require(ReportZone("Europe/Stockholm"))
        let now = try instant("2026-11-28T12:00:00Z")
        #expect(zone.instant("2026-03-29T03:00:00 02:00", now: now) == (try instant("2026-03-29T01:00:00Z")))
        #expect(zone.instant("2026-03-29 03:00", now: now) == nil)
    }

    @Test(arguments: ["", "Stockholm", "CET-1", "Europe/Nowhere", "PST8PDT", "../etc/passwd"])
    func whatIsNoZoneIsNone(name: String) { #expect(ReportZone(name) == nil) }
}
