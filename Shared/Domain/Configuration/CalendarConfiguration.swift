/// A business calendar of a tenant by its name.
public struct CalendarConfiguration: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its opening hours; nil is always open (`always: true`).
    public var definition: CalendarDefinition?

    /// A calendar; without a definition it is always open.
    public init(name: String, definition: CalendarDefinition? = nil) {
        self.name = name
        self.definition = definition
    }

    /// Works out the openings from the first instant to the second.
    public func compile(from: Instant, through: Instant) throws(CalendarError) -> BusinessCalendar {
        guard let definition else { return .alwaysOpen }
        return try definition.compile(from: from, through: through)
    }

    /// Reads and checks a calendar; `now` starts the year in which it must open at least once. Without it the calendar may
    /// be over: it was checked when it was applied.
    static func read(
        _ value: JSONValue, at pointer: JSONPointer, now: Instant?, problems: ProblemCollector
    ) -> CalendarConfiguration? {
        let known = ["name", "timeZone", "weekly", "closed", "special", "always"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let before = problems.problems.count
        let name = reader.requiredText("name", .name)
        if reader.bool("always") == true {
            for key in ["timeZone", "weekly", "closed", "special"] where reader.value(key) != nil {
                reader.report(key, "A calendar that is always open has no \(key); take one of them away.")
            }
            return name.map { CalendarConfiguration(name: $0, definition: nil) }
        }
        var definition = CalendarDefinition(
            timeZone: reader.requiredText("timeZone", .name) ?? "UTC", weekly: weekly(reader))
        definition.closed = closed(reader)
        definition.special = special(reader, closed: definition.closed)
        if let now {
            do throws(CalendarError) {
                _ = try definition.compile(from: now, through: now + 366 * 86_400_000)
            } catch .neverOpens {
                // Openings that could not be read have been reported already.
                if problems.problems.count == before { problems.add(pointer, "\(CalendarError.neverOpens)") }
            } catch {
                reader.report("timeZone", error.description)
            }
        }
        return name.map { CalendarConfiguration(name: $0, definition: definition) }
    }

    /// The calendar in its agreed form.
    public var document: JSONValue {
        guard let definition else { return ["name": .string(name), "always": true] }
        let weekly = Weekday.allCases.compactMap { day in
            definition.weekly[day].map { (day.rawValue, Self.texts($0)) }
        }
        let special = definition.special.sorted { $0.key < $1.key }.map { date, openings in
            JSONValue.object(["date": .string(date.description), "openings": Self.texts(openings)])
        }
        let closed = definition.closed.sorted().map { JSONValue.string($0.description) }
        return [
            "name": .string(name), "timeZone": .string(definition.timeZone), "weekly": .object(JSONObject(weekly)),
            "closed": .array(closed), "special": .array(special),
        ]
    }

    private static func texts(_ openings: [LocalOpening]) -> JSONValue {
        .array(openings.map { .string($0.description) })
    }

    private static func weekly(_ reader: ObjectReader) -> [Weekday: [LocalOpening]] {
        let days = Weekday.allCases.map(\.rawValue)
        guard let value = reader.value("weekly"),
            let week = ObjectReader(
                value, at: reader.pointer.appending("weekly"), known: days, problems: reader.problems)
        else { return [:] }
        var weekly: [Weekday: [LocalOpening]] = [:]
        for day in Weekday.allCases where week.value(day.rawValue) != nil {
            weekly[day] = openings(week, day.rawValue)
        }
        return weekly
    }

    private static func openings(_ reader: ObjectReader, _ key: String) -> [LocalOpening] {
        var openings: [LocalOpening] = []
        for (element, place) in reader.list(key, atMost: 100) {
            guard let opening = element.stringValue.flatMap({ LocalOpening($0) }) else {
                reader.problems.add(
                    place, "Expected an opening such as \"08:00-12:00\", from 00:00 to 24:00, its start first.")
                continue
            }
            if let other = openings.first(where: { $0.overlaps(opening) }) {
                reader.problems.add(place, "\(opening) overlaps \(other) of the same day; join or part them.")
            } else {
                openings.append(opening)
            }
        }
        return openings.sorted { ($0.startMinute, $0.endMinute) < ($1.startMinute, $1.endMinute) }
    }

    private static func closed(_ reader: ObjectReader) -> Set<CivilDate> {
        var dates: Set<CivilDate> = []
        for (element, place) in reader.list("closed", atMost: 10_000) {
            guard let date = date(element, at: place, reader.problems) else { continue }
            if !dates.insert(date).inserted { reader.problems.add(place, "\(date) is listed twice; list it once.") }
        }
        return dates
    }

    private static func special(_ reader: ObjectReader, closed: Set<CivilDate>) -> [CivilDate: [LocalOpening]] {
        var special: [CivilDate: [LocalOpening]] = [:]
        for (element, place) in reader.list("special", atMost: 10_000) {
            guard
                let day = ObjectReader(element, at: place, known: ["date", "openings"], problems: reader.problems)
            else { continue }
            day.require("openings", "a list of openings; an empty one is closed")
            let openings = openings(day, "openings")
            let datePlace = place.appending("date")
            guard let date = date(day.value("date") ?? .null, at: datePlace, reader.problems) else { continue }
            if special[date] != nil { reader.problems.add(datePlace, "\(date) is listed twice; list it once.") }
            if closed.contains(date) {
                reader.problems.add(datePlace, "\(date) is closed and special at once; take one of them away.")
            }
            special[date] = openings
        }
        return special
    }

    private static func date(_ value: JSONValue, at place: JSONPointer, _ problems: ProblemCollector) -> CivilDate? {
        guard let date = value.stringValue.flatMap({ CivilDate($0) }), (2000...2099).contains(date.year) else {
            problems.add(place, "Expected a date from 2000-01-01 to 2099-12-31, such as \"2026-12-25\".")
            return nil
        }
        return date
    }
}
