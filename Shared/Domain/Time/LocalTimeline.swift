import Foundation

/// A range of time cut into periods within which the zone's distance from UTC does not change.
struct LocalTimeline {
    /// Milliseconds since 1970 UTC from `start` until before `end`, during which local time is UTC plus `offset`.
    struct Period {
        var start: Int64
        var end: Int64
        var offset: Int64
    }

    let periods: [Period]

    /// Finds the changes by looking at the offset once a day and halving the days in which it differs.
    /// The zone's own list of changes holds only those to and from summer time, and a zone can change for good.
    init(timeZone name: String, from: Instant, through: Instant) throws(CalendarError) {
        guard let zone = TimeZone(identifier: name) else { throw .unknownTimeZone(name) }
        func offset(at milliseconds: Int64) -> Int64 {
            Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(milliseconds) / 1000))) * 1000
        }
        var periods: [Period] = []
        var current = Period(start: from.milliseconds, end: 0, offset: offset(at: from.milliseconds))
        var probe = from.milliseconds
        while probe < through.milliseconds {
            let next = min(probe + 86_400_000, through.milliseconds)
            let offsetThen = offset(at: next)
            var unchanged = probe
            while current.offset != offsetThen {
                var changed = next
                while changed - unchanged > 1 {
                    let middle = unchanged + (changed - unchanged) / 2
                    if offset(at: middle) == current.offset { unchanged = middle } else { changed = middle }
                }
                current.end = changed
                periods.append(current)
                current = Period(start: changed, end: 0, offset: offset(at: changed))
                unchanged = changed
            }
            probe = next
        }
        current.end = through.milliseconds
        if current.start < current.end { periods.append(current) }
        self.periods = periods
    }
}
