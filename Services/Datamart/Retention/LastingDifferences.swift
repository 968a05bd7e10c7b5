/// What differs at every look, always in the same direction, be it by another number each time: looks go in, differences
/// come out.
package struct LastingDifferences: Sendable {
    private typealias Counts = [CheckMart.Place: Int64]
    /// A step that was seen at midnight by a clock that was behind counts on the next day in the mart.
    private static let mostAtMidnight: Int64 = 3
    private var found: [CheckMart.Place: CheckMart.Difference]?

    /// Nothing has been looked at.
    package init() {}

    /// Whether nothing differs, as far as is known after one look or more.
    package var isEmpty: Bool { found?.isEmpty ?? false }

    /// What differs, with the numbers of the last look; in order.
    package var differences: [CheckMart.Difference] {
        (found ?? [:]).values.sorted {
            ($0.place.day ?? 0, $0.place.endpoint, $0.place.category, $0.place.status)
                < ($1.place.day ?? 0, $1.place.endpoint, $1.place.category, $1.place.status)
        }
    }

    /// Takes a look: the mart's numbers before those of core, and after it had come as far as core.
    package mutating func take(
        before: [CheckMart.Place: Int64], live: [CheckMart.Place: Int64], after: [CheckMart.Place: Int64]
    ) {
        var beyond: Counts = [:]
        for place in Set(live.keys).union(before.keys).union(after.keys) {
            let (first, last, there) = (before[place] ?? 0, after[place] ?? 0, live[place] ?? 0)
            // Between the two it was on its way.
            let distance = max(0, there - max(first, last)) - max(0, min(first, last) - there)
            if distance != 0 { beyond[place] = distance }
        }
        var now: [CheckMart.Place: CheckMart.Difference] = [:]
        for (place, distance) in beyond where !Self.isMidnights(distance, at: place, in: beyond) {
            let difference = CheckMart.Difference(place: place, live: live[place] ?? 0, mart: after[place] ?? 0)
            if let found {
                guard let earlier = found[place], (earlier.live > earlier.mart) == (distance > 0) else { continue }
            }
            now[place] = difference
        }
        found = now
    }

    private static func isMidnights(_ distance: Int64, at place: CheckMart.Place, in all: Counts) -> Bool {
        guard let day = place.day, abs(distance) <= mostAtMidnight else { return false }
        return [day - 1, day + 1].contains { other in
            var neighbour = place
            neighbour.day = other
            return all[neighbour] == -distance
        }
    }
}
