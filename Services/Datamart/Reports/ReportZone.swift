import Domain
import Foundation
import ServiceKit

/// Length of the intervals that a report shows.
package enum ReportInterval: String, CaseIterable, Sendable {
    case quarterHour = "15m"
    case halfHour = "30m"
    case hour, day, week, month, quarter, year

    /// Whether it is made of quarters of an hour; the others are made of days.
    var isIntraday: Bool { self == .quarterHour || self == .halfHour || self == .hour }

    /// Its length in milliseconds, of the longer ones the shortest that can be.
    var shortest: Int64 {
        switch self {
        case .quarterHour: 900_000
        case .halfHour: 1_800_000
        case .hour: 3_600_000
        case .day: 23 * 3_600_000
        case .week: 7 * 86_400_000 - 3_600_000
        case .month: 28 * 86_400_000 - 3_600_000
        case .quarter: 90 * 86_400_000 - 3_600_000
        case .year: 365 * 86_400_000
        }
    }

    /// What suits a period: some dozens of intervals.
    static func suited(to period: Int64) -> ReportInterval {
        switch period {
        case ...(6 * 3_600_000): .quarterHour
        case ...(12 * 3_600_000): .halfHour
        case ...(72 * 3_600_000): .hour
        case ...(62 * 86_400_000): .day
        case ...(400 * 86_400_000): .week
        default: .month
        }
    }
}

/// A time zone in which a report counts its days.
package struct ReportZone: Sendable, Hashable {
    /// Its name in the time zone database, such as `Europe/Stockholm`.
    package let name: String
    private let zone: TimeZone

    /// nil for a name that the time zone database does not have.
    package init?(_ name: String) {
        guard TimeZoneName.isKnown(name), let zone = TimeZone(identifier: name) else { return nil }
        self.name = name
        self.zone = zone
    }

    /// A zone that a caller names, or the tenant's.
    /// - Throws: 400 for what the time zone database does not have.
    static func named(_ name: String?, in mart: ServedMart) throws(Problem) -> ReportZone {
        guard let zone = ReportZone(name ?? mart.timeZone) else {
            throw .badRequest(at: "timeZone", "must be \(TimeZoneName.expected)")
        }
        return zone
    }

    private func offset(at instant: Instant) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant.milliseconds) / 1000))) * 1000
    }

    /// The instant at which clocks there show this; the earlier one where they show it twice, and where they leave it
    /// out, what the offset before makes of it.
    func instant(local milliseconds: Int64) -> Instant {
        let before = offset(at: Instant(milliseconds: milliseconds - 86_400_000))
        let guess = Instant(milliseconds: milliseconds - before)
        if offset(at: guess) == before { return guess }
        let other = Instant(milliseconds: milliseconds - offset(at: guess))
        return offset(at: other) == offset(at: guess) ? other : guess
    }

    /// What clocks there show, as milliseconds of a time line without a zone.
    func local(_ instant: Instant) -> Int64 { instant.milliseconds + offset(at: instant) }

    /// The day there.
    func day(of instant: Instant) -> CivilDate {
        CivilDate(daysSince1970: Int((Double(local(instant)) / 86_400_000).rounded(.down)))
    }

    /// When a day begins there.
    func start(of day: CivilDate) -> Instant { instant(local: Int64(day.daysSince1970) * 86_400_000) }

    /// The beginning of the interval that holds an instant.
    func start(of interval: ReportInterval, holding instant: Instant) -> Instant {
        guard !interval.isIntraday else {
            // From the beginning of the day, so that 30 minutes fit zones that are a quarter of an hour off.
            let midnight = start(of: day(of: instant))
            return instant - (instant - midnight) % interval.shortest
        }
        return start(of: Self.first(of: interval, day(of: instant)))
    }

    /// The end of the interval that holds an instant, which is the beginning of the next.
    func end(of interval: ReportInterval, holding instant: Instant) -> Instant {
        guard !interval.isIntraday else {
            let next = start(of: CivilDate(daysSince1970: day(of: instant).daysSince1970 + 1))
            return min(start(of: interval, holding: instant) + interval.shortest, next)
        }
        let first = Self.first(of: interval, day(of: instant))
        return start(of: Self.next(interval, after: first))
    }

    private static func first(of interval: ReportInterval, _ day: CivilDate) -> CivilDate {
        func date(_ month: Int) -> CivilDate { CivilDate(year: day.year, month: month, day: 1) ?? day }
        return switch interval {
        case .quarterHour, .halfHour, .hour, .day: day
        case .week: CivilDate(daysSince1970: day.daysSince1970 - day.weekday)
        case .month: date(day.month)
        case .quarter: date((day.month - 1) / 3 * 3 + 1)
        case .year: date(1)
        }
    }

    private static func next(_ interval: ReportInterval, after first: CivilDate) -> CivilDate {
        let days = first.daysSince1970
        return switch interval {
        case .quarterHour, .halfHour, .hour, .day: CivilDate(daysSince1970: days + 1)
        case .week: CivilDate(daysSince1970: days + 7)
        case .month: Self.first(of: .month, CivilDate(daysSince1970: days + 31))
        case .quarter: Self.first(of: .quarter, CivilDate(daysSince1970: days + 92))
        case .year: Self.first(of: .year, CivilDate(daysSince1970: days + 366))
        }
    }
}

extension ReportZone {
    /// What a caller may give as the beginning or end of a period, for messages.
    static let forms =
        "an RFC 3339 time, a date (2026-11-28), a local time (2026-11-28T08:00), now, today, yesterday, or -2h, -7d"

    /// Reads a beginning or an end.
    package func instant(_ text: String, now: Instant) -> Instant? {
        switch text {
        case "now": return now
        case "today": return start(of: day(of: now))
        case "tomorrow": return start(of: CivilDate(daysSince1970: day(of: now).daysSince1970 + 1))
        case "yesterday": return start(of: CivilDate(daysSince1970: day(of: now).daysSince1970 - 1))
        default: break
        }
        if text.hasPrefix("-") { return DurationText.milliseconds(String(text.dropFirst())).map { now - $0 } }
        // In an address a plus that was not written as %2B is a blank.
        if let instant = Instant(rfc3339: text) ?? Instant(rfc3339: text.replacing(" ", with: "+")) { return instant }
        if let day = CivilDate(text), (1970...2199).contains(day.year) { return start(of: day) }
        // Clocks of the zone: read as if it were UTC, then moved.
        let seconds = text.utf8.count == 16 ? ":00Z" : "Z"
        return Instant(rfc3339: text + seconds).map { instant(local: $0.milliseconds) }
    }
}
