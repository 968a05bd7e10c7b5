/// What the incident log of Volvo IT Belgium (BPI Challenge 2013, doi 10.4121/500573e6-accc-4b0c-9576-aa5468b10cee) says
/// about 7,554 incidents in 65,533 events, in numbers small enough to stand in the source: how many come at which hour, what
/// they are about, how long a team works on one, and where it is handed on to.
///
/// An incident's arrival, impact, country, organisation and product are those of its first event. A stay is an unbroken run
/// of events of one team; the work of a stay is the time from each of its `Accepted/In Progress` events to the next event,
/// each counted with at most 8 hours, since the log also calls a night in progress. 17,008 stays; 4 % have no work.
struct IncidentProfile: Sendable {
    /// Incidents that arrived in each hour of the day (UTC), Monday to Friday.
    let hourly: [Double] = [
        55, 53, 73, 76, 80, 179, 330, 584, 650, 693, 536, 491, 692, 715, 603, 451, 262, 166, 194, 195, 161, 98, 63, 74,
    ]

    /// Incidents by impact.
    let impacts = WeightedChoice([("Medium", 4045), ("Low", 3245), ("High", 261), ("Major", 3)])

    /// Incidents by number of stays; more than eight (177 incidents) count as eight.
    let stays = WeightedChoice([(1, 3734), (2, 1764), (3, 973), (4, 356), (5, 272), (6, 115), (7, 111), (8, 229)])

    /// Share of stays without work.
    let idleStays = 0.038

    /// The work of a stay is close to lognormal: median (the exponential of the logarithms' mean) in seconds, and standard
    /// deviation of the logarithm, over 16,354 stays with work.
    let work: [String: (median: Double, sigma: Double)] = [
        "Low": (554, 1.94), "Medium": (383, 2.01), "High": (578, 2.14), "Major": (620, 1.93),
    ]

    /// What comes to a team first.
    struct Team: Sendable {
        var name: String
        var organisations: WeightedChoice<String>
        var countries: WeightedChoice<String>
        var products: WeightedChoice<String>
    }

    /// Teams by incidents that came to them first.
    let teams: WeightedChoice<Team>
    /// Next teams, by team.
    let handOvers: [String: WeightedChoice<String>]

    init() {
        teams = WeightedChoice(
            Self.rows(Self.teamTable).compactMap { cells in
                guard cells.count == 4, let (name, weight) = Self.weighted(cells[0]).first else { return nil }
                return (
                    Team(
                        name: name,
                        organisations: Self.choice(cells[1]) { $0 == "Other" ? $0 : "Org line \($0)" },
                        countries: Self.choice(cells[2]) { $0 }, products: Self.choice(cells[3]) { "PROD\($0)" }),
                    weight
                )
            })
        var handOvers: [String: WeightedChoice<String>] = [:]
        for cells in Self.rows(Self.handOverTable) where cells.count == 2 {
            handOvers[cells[0]] = Self.choice(cells[1]) { $0 }
        }
        self.handOvers = handOvers
    }

    private static func rows(_ table: String) -> [[String]] {
        table.split(separator: "\n").map { row in row.split(separator: "|").map(\.trimmingBlanks) }
    }

    private static func choice(_ cell: String, _ name: (String) -> String) -> WeightedChoice<String> {
        WeightedChoice(weighted(cell).map { (name($0.name), $0.weight) })
    }

    /// `POLAND 816, Brazil 430`: the last word is the number.
    private static func weighted(_ cell: String) -> [(name: String, weight: Double)] {
        cell.split(separator: ",").compactMap { entry in
            let text = entry.trimmingBlanks
            guard let blank = text.lastIndex(of: " "), let weight = Double(text[text.index(after: blank)...]) else {
                return nil
            }
            return (String(text[..<blank]), weight)
        }
    }
}
