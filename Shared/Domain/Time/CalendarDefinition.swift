/// The opening hours of a business calendar as people write them: by the clock on the wall of one time zone.
public struct CalendarDefinition: Sendable, Hashable {
    /// The IANA name of the time zone.
    public var timeZone: String
    /// The openings of each day of the week; a day without any is closed.
    public var weekly: [Weekday: [LocalOpening]]
    /// Dates on which it stays closed whatever the day of the week.
    public var closed: Set<CivilDate>
    /// Dates with openings of their own; they go before `weekly` and `closed`.
    public var special: [CivilDate: [LocalOpening]]

    /// A definition; nothing is checked before it is compiled.
    public init(
        timeZone: String,
        weekly: [Weekday: [LocalOpening]],
        closed: Set<CivilDate> = [],
        special: [CivilDate: [LocalOpening]] = [:]
    ) {
        self.timeZone = timeZone
        self.weekly = weekly
        self.closed = closed
        self.special = special
    }

    /// The longest range that can be compiled, in milliseconds: 400 years.
    public static let longestRange: Int64 = 146_097 * 86_400_000

    /// Works out every opening between two instants.
    ///
    /// The calendar is open whenever the clock on the wall shows a time inside an opening of its date. So an hour that
    /// the clock skips counts nothing, an hour that it shows twice counts twice, and a skipped date is not there.
    /// Overlapping openings count once.
    ///
    /// Business time counts from `from`: compiled again with the same `from` and a later `through`, the calendar gives
    /// the same business times, only for longer.
    public func compile(from: Instant, through: Instant) throws(CalendarError) -> BusinessCalendar {
        let length: Int64 = through - from
        let bounds = -BusinessCalendar.bound...BusinessCalendar.bound
        guard length > 0, length <= CalendarDefinition.longestRange, bounds.contains(from.milliseconds) else {
            throw .invalidRange
        }
        let timeline = try LocalTimeline(timeZone: timeZone, from: from, through: through)
        let days = OpeningsByDay(self)
        var openings: [Opening] = []
        for period in timeline.periods {
            let localStart = period.start + period.offset
            let localEnd = period.end + period.offset
            let firstDay = localStart.flooredQuotientAndRemainder(dividingBy: 86_400_000).quotient
            let lastDay = (localEnd - 1).flooredQuotientAndRemainder(dividingBy: 86_400_000).quotient
            for day in firstDay...lastDay {
                for opening in days[Int(day)] {
                    let start = max(day * 86_400_000 + Int64(opening.startMinute) * 60_000, localStart)
                    let end = min(day * 86_400_000 + Int64(opening.endMinute) * 60_000, localEnd)
                    guard start < end else { continue }
                    openings.append(
                        Opening(
                            start: Instant(milliseconds: start - period.offset),
                            end: Instant(milliseconds: end - period.offset)))
                }
            }
        }
        guard !openings.isEmpty else { throw .neverOpens }
        return BusinessCalendar(openings: openings)
    }
}

/// The openings of a date, looked up by its number of days since 1970.
private struct OpeningsByDay {
    private var byWeekday: [[LocalOpening]]
    private var byDay: [Int: [LocalOpening]]

    init(_ definition: CalendarDefinition) {
        byWeekday = Weekday.allCases.map { definition.weekly[$0] ?? [] }
        byDay = [:]
        for date in definition.closed { byDay[date.daysSince1970] = [] }
        for (date, openings) in definition.special { byDay[date.daysSince1970] = openings }
    }

    subscript(day: Int) -> [LocalOpening] {
        byDay[day] ?? byWeekday[CivilDate.weekday(ofDaysSince1970: day)]
    }
}
