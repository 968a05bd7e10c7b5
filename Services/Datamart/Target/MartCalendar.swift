import Domain
import Storage

/// The first day of a day's month; both are days since 1970.
func firstOfMonth(_ day: Int64) -> Int64 {
    let date = CivilDate(daysSince1970: Int(day))
    return CivilDate(year: date.year, month: date.month, day: 1).map { Int64($0.daysSince1970) } ?? day
}

/// Partitions that a batch needs, by kind and the day since 1970 on which each begins.
struct PartitionStarts: Sendable {
    /// `facts` by month, `intraday` by week, `history` by year.
    private(set) var known: [String: Set<Int64>] = [:]

    /// Makes the partitions that are not known yet. They are made ahead; this is for what comes from another time.
    /// - Parameter facts: the days of events.
    mutating func statements(facts: Set<Int64>, _ contributions: Contributions) -> [SQLStatement] {
        var intraday: Set<Int64> = []
        var history: Set<Int64> = []
        func note(_ key: AggregateKey) {
            if key.zone == 0 { intraday.insert(dayOf(key.start)) } else { history.insert(key.start) }
        }
        for rows in contributions.rows { for key in rows.keys { note(key) } }
        for key in contributions.backlog.keys { note(key) }
        var statements: [SQLStatement] = []
        for (kind, days) in [("facts", facts), ("intraday", intraday), ("history", history)] {
            for start in add(kind: kind, days: days) {
                statements.append(
                    SQLStatement(
                        "SELECT ensure_partitions($1, $2, $2)",
                        [.text(kind), .timestamp(milliseconds: start * 86_400_000)]))
            }
        }
        return statements
    }

    /// The starts that were not known yet, as days since 1970; they count as known from now on.
    private mutating func add(kind: String, days: Set<Int64>) -> [Int64] {
        let starts = Set(days.map { start(of: $0, kind: kind) })
        let new = starts.subtracting(known[kind, default: []])
        known[kind, default: []].formUnion(new)
        return new.sorted()
    }

    private func start(of day: Int64, kind: String) -> Int64 {
        switch kind {
        case "intraday":
            // 1970-01-01 was a Thursday; weeks begin on Monday.
            let remainder = (day + 3) % 7
            return day - (remainder < 0 ? remainder + 7 : remainder)
        case "history":
            let date = CivilDate(daysSince1970: Int(day))
            return CivilDate(year: date.year, month: 1, day: 1).map { Int64($0.daysSince1970) } ?? day
        default: return firstOfMonth(day)
        }
    }
}

/// The day since 1970 (UTC) of an instant in milliseconds.
func dayOf(_ milliseconds: Int64) -> Int64 {
    milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
}
