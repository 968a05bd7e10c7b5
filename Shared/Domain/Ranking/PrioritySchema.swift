/// How items of a category gain priority, and when they are due and completed by themselves.
///
/// All durations are business time of the item's calendar in milliseconds.
public struct PrioritySchema: Sendable, Hashable {
    /// The priority by business age.
    public var curve: Curve
    /// The business time within which an item should be finished.
    public var sla: Int64
    /// The business time after which a waiting item is completed by itself; nil never does that.
    public var autocompleteAfter: Int64?

    /// A schema with durations in milliseconds of business time.
    public init(curve: Curve, sla: Int64, autocompleteAfter: Int64? = nil) {
        self.curve = curve
        self.sla = sla
        self.autocompleteAfter = autocompleteAfter
    }

    /// The business time in milliseconds at which the item's age is 0.
    ///
    /// That is its activation, or with a due date from the source, the business time that lies the SLA before it, so
    /// that the curve reaches its SLA point when the item is due. A head start, in seconds of business age, makes the
    /// item that much older. The anchor stays within ±2^52, where a Redis score is exact.
    public func anchor(
        activation: Instant, due: Instant? = nil, headStart: Double = 0, calendar: BusinessCalendar
    ) -> Int64 {
        let bound = BusinessCalendar.bound
        let start =
            due.map { calendar.businessTime(at: $0) - min(max(sla, 0), bound) }
            ?? calendar.businessTime(at: activation)
        let milliseconds = (headStart * 1000).rounded()
        let limit = Double(bound)
        let moved = milliseconds.isNaN ? 0 : Int64(min(max(milliseconds, -limit), limit))
        return min(max(start - moved, -bound), bound)
    }

    /// When an item activated then is due, unless its source says: counted from activation, never from the anchor.
    /// Nil beyond the end of the calendar.
    public func dueDate(activation: Instant, calendar: BusinessCalendar) -> Instant? {
        instant(sla, after: activation, calendar: calendar)
    }

    /// When an item activated then is completed by itself. Nil when it never is, or beyond the end of the calendar.
    public func autocompleteDate(activation: Instant, calendar: BusinessCalendar) -> Instant? {
        autocompleteAfter.flatMap { instant($0, after: activation, calendar: calendar) }
    }

    /// Never before `start`: outside of opening hours a duration of 0 would lead back to the last closing.
    private func instant(_ duration: Int64, after start: Instant, calendar: BusinessCalendar) -> Instant? {
        let (businessTime, overflow) = calendar.businessTime(at: start).addingReportingOverflow(max(duration, 0))
        guard !overflow, let instant = calendar.instant(atBusinessTime: businessTime) else { return nil }
        return max(instant, start)
    }
}
