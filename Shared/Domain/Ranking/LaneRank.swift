/// Where an item stands among all that wait: by unrounded priority, then business age, then arrival.
///
/// The lesser rank goes first, so that sorting gives the order in which items are handed out.
public struct LaneRank: Sendable, Hashable, Comparable {
    /// The priority now; the higher goes first.
    public var priority: Double
    /// The business age now in milliseconds; the older goes first.
    public var age: Int64
    /// The arrival number; the lower goes first.
    public var arrival: Int64

    /// A rank from what decides it.
    public init(priority: Double, age: Int64, arrival: Int64) {
        self.priority = priority
        self.age = age
        self.arrival = arrival
    }

    /// The rank of a member of a lane with this curve at a business time of its calendar.
    public init(of member: LaneMember, curve: Curve, businessNow: Int64) {
        age = businessNow - member.anchor
        priority = curve.priority(atAge: age)
        arrival = member.arrival
    }

    /// Whether `left` goes first.
    public static func < (left: LaneRank, right: LaneRank) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        if left.age != right.age { return left.age > right.age }
        return left.arrival < right.arrival
    }
}
