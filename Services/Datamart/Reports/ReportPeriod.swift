import Domain
import ServiceKit

/// What of a mart there is to report on.
package struct MartExtent: Sendable {
    /// From here on the 15-minute tables are whole.
    var intradayFloor: Instant
    /// Key of the zone that days are asked for in; nil when the mart keeps no days of it.
    var zoneKey: Int16?

    package init(intradayFloor: Instant, zoneKey: Int16?) {
        self.intradayFloor = intradayFloor
        self.zoneKey = zoneKey
    }
}

/// A period cut into intervals, and the tables that its parts are read from: whole days from the day tables, the rest from
/// those of 15 minutes.
package struct ReportPeriod: Sendable, Hashable {
    package let zone: ReportZone
    package let zoneKey: Int16?
    /// The first instant in it: what was asked for, widened to whole intervals.
    package let from: Instant
    /// The first instant after it.
    package let to: Instant
    /// Length of the intervals; nil when rows are not by interval.
    package let interval: ReportInterval?
    /// Beginnings of the intervals; of the period itself when rows are not by interval.
    package private(set) var starts: [Instant]
    /// Read from the 15-minute tables.
    package private(set) var quarters: [Range<Instant>] = []
    /// Read from the day tables.
    package private(set) var days: Range<CivilDate>?

    /// Longer periods are widened to whole days, in milliseconds: a week.
    static let longPeriod: Int64 = 7 * 86_400_000

    /// More intervals than this are refused.
    package static let mostIntervals = 5000

    /// - Throws: 400 or 422 with what to ask for instead.
    package init(
        from asked: Instant, to end: Instant, interval: ReportInterval?, zone: ReportZone, extent: MartExtent
    ) throws(Problem) {
        guard asked < end else { throw .badRequest(at: "from", "must be before to (\(end.rfc3339))") }
        // A quarter of an hour means nothing in a long period, and whole days are read sooner.
        let isLong = extent.zoneKey != nil && end - asked > Self.longPeriod
        let unit = interval ?? (isLong ? .day : .quarterHour)
        if (end - asked) / unit.shortest > Int64(Self.mostIntervals), interval != nil {
            throw .badRequest(
                at: "interval",
                "would make more than \(Self.mostIntervals) rows; ask for a longer one or a shorter period")
        }
        var from = zone.start(of: unit, holding: asked)
        var to = zone.end(of: unit, holding: end - 1)
        self.zone = zone
        zoneKey = extent.zoneKey
        self.interval = interval
        if unit.isIntraday, interval != nil || extent.zoneKey == nil {
            guard from >= extent.intradayFloor else {
                let why = interval == nil ? "days of \(zone.name) are not kept" : "intervals of \(unit.rawValue)"
                throw .badRequest(
                    at: interval == nil ? "timeZone" : "interval",
                    "\(why) reach back to \(extent.intradayFloor.rfc3339) only; ask for interval=day in a zone that is kept"
                )
            }
            quarters = [from..<to]
        } else if extent.zoneKey == nil {
            guard from >= extent.intradayFloor else {
                throw .badRequest(
                    at: "timeZone",
                    "days of \(zone.name) are not kept; without them the mart reaches back to \(extent.intradayFloor.rfc3339)"
                )
            }
            quarters = [from..<to]
        } else {
            var first = zone.day(of: from)
            var last = zone.day(of: to)
            if zone.start(of: first) < from {
                if zone.start(of: first) < extent.intradayFloor {
                    from = zone.start(of: first)
                } else {
                    first = CivilDate(daysSince1970: first.daysSince1970 + 1)
                }
            }
            if zone.start(of: last) < to, zone.start(of: last) < extent.intradayFloor {
                last = CivilDate(daysSince1970: last.daysSince1970 + 1)
                to = zone.start(of: last)
            }
            if first < last {
                days = first..<last
                let parts = [from..<zone.start(of: first), zone.start(of: last)..<max(to, zone.start(of: last))]
                quarters = parts.filter { !$0.isEmpty }
            } else {
                quarters = [from..<to]
            }
        }
        self.from = from
        self.to = to
        var starts = [from]
        if let interval {
            while let last = starts.last, case let next = zone.end(of: interval, holding: last), next < to {
                starts.append(next)
            }
        }
        self.starts = starts
    }

    /// The same period with more beginnings, which must be those of days where it is read from the day tables.
    func cut(at instants: [Instant]) -> ReportPeriod {
        var period = self
        period.starts = Set(starts + instants).sorted()
        return period
    }

    /// How many of the intervals have begun.
    func begun(at now: Instant) -> Int { starts.prefix { $0 <= now }.count }

    /// Whether it begins with a day that is kept, so that levels before it are sums of days.
    var beginsWithDay: Bool { zoneKey != nil && zone.start(of: zone.day(of: from)) == from }
}
