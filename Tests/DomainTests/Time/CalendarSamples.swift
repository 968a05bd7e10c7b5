import Domain
import Testing

let oneHour: Int64 = 3_600_000
let oneDay: Int64 = 24 * oneHour

/// Zones with an hour, half an hour and no summer time, and one that skipped a date.
let sampleZones = ["Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]

func instant(_ text: String) throws -> Instant {
    try #require(Instant(rfc3339: text))
}

func date(_ text: String) throws -> CivilDate {
    try #require(CivilDate(text))
}

func openings(_ texts: [String]) throws -> [LocalOpening] {
    try texts.map { try #require(LocalOpening($0)) }
}

/// The same openings every day of the week.
func daily(_ zone: String, _ texts: String...) throws -> CalendarDefinition {
    let openings = try openings(texts)
    return CalendarDefinition(
        timeZone: zone, weekly: Dictionary(uniqueKeysWithValues: Weekday.allCases.map { ($0, openings) }))
}

/// Openings, closed and special dates as they come, around 2011 and 2026.
func randomDefinition(using random: inout SeededRandom) throws -> CalendarDefinition {
    func randomOpenings(using random: inout SeededRandom) throws -> [LocalOpening] {
        try (0..<Int.random(in: 0...3, using: &random)).map { _ in
            let first = Int.random(in: 0...48, using: &random) * 30
            let second = random.oneIn(8) ? first : Int.random(in: 0...96, using: &random) * 15
            return try #require(LocalOpening(startMinute: min(first, second), endMinute: max(first, second)))
        }
    }
    var definition = CalendarDefinition(timeZone: try #require(sampleZones.randomElement(using: &random)), weekly: [:])
    for weekday in Weekday.allCases { definition.weekly[weekday] = try randomOpenings(using: &random) }
    for start in [15_320, 20_530, 20_740] {
        definition.closed.insert(CivilDate(daysSince1970: start + Int.random(in: 0..<40, using: &random)))
        let special = CivilDate(daysSince1970: start + Int.random(in: 0..<40, using: &random))
        definition.special[special] = try randomOpenings(using: &random)
    }
    return definition
}
