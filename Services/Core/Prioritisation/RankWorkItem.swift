import Domain

/// Ranking: the anchor that decides an item's place in its lane, and the moments at which time itself acts on it.
enum RankWorkItem {
    /// Sets anchor, due date and autocomplete date from activation, the source's due date and the head starts.
    /// - Returns: what is wrong when the schema or calendar cannot rank it.
    static func rank(_ item: inout WorkItem, by placement: Placement, in snapshot: TenantSnapshot) -> RankingFailure? {
        guard let schemaVersion = item.schemaVersion, let schema = snapshot.schemas[schemaVersion],
            let calendarVersion = item.calendarVersion, let calendar = snapshot.calendars[calendarVersion]
        else { return .unknownSchemaOrCalendar }
        let unpaused = item.dueGiven ?? schema.dueDate(activation: item.activation, calendar: calendar)
        guard let due = unpaused.flatMap({ later($0, by: item.paused, in: calendar) }) else { return .beyondCalendar }
        item.due = due
        let anchor = schema.anchor(
            activation: item.activation, due: item.dueGiven, headStart: headStart(of: item, placement: placement),
            calendar: calendar)
        item.anchor = min(anchor + item.paused, BusinessCalendar.bound)
        item.autocompleteAt = schema.autocompleteDate(activation: item.activation, calendar: calendar)
            .flatMap { later($0, by: item.paused, in: calendar) }
        return nil
    }

    /// `instant`, so much business time later; nil beyond the end of the calendar.
    private static func later(_ instant: Instant, by paused: Int64, in calendar: BusinessCalendar) -> Instant? {
        paused == 0 ? instant : calendar.instant(atBusinessTime: calendar.businessTime(at: instant) + paused)
    }

    /// The head start of an item in seconds of age: the source's, the operators', the category's and what its business
    /// value is worth.
    private static func headStart(of item: WorkItem, placement: Placement) -> Double {
        let total =
            (item.priority ?? 0) + Double(item.push + placement.headStart) / 1000
            + (item.businessValue ?? 0) * placement.businessValueWeight
        return max(-WorkItemLimits.headStart, min(WorkItemLimits.headStart, total))
    }

    /// The open time of an item's calendar between two moments, in business milliseconds.
    static func openTime(of item: WorkItem, from start: Instant, to end: Instant, in snapshot: TenantSnapshot) -> Int64
    {
        guard let version = item.calendarVersion, let calendar = snapshot.calendars[version] else { return 0 }
        return max(0, calendar.businessTime(at: end) - calendar.businessTime(at: start))
    }

    /// Priority and business age now; nil while the item has no anchor.
    static func standing(
        of item: WorkItem, at now: Instant, in snapshot: TenantSnapshot
    ) -> (priority: Double, age: Int64)? {
        guard let anchor = item.anchor, let schemaVersion = item.schemaVersion,
            let schema = snapshot.schemas[schemaVersion], let calendarVersion = item.calendarVersion,
            let calendar = snapshot.calendars[calendarVersion]
        else { return nil }
        let age = calendar.businessTime(at: now) - anchor
        return (schema.curve.priority(atAge: age), age)
    }
}

/// Why an item could not be ranked.
enum RankingFailure: String, Sendable {
    case unknownSchemaOrCalendar = "the schema or calendar of its category is not part of the configuration"
    case beyondCalendar = "its due date lies beyond the calendar's horizon"
}
