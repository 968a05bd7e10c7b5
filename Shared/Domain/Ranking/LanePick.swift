/// An item in a lane. A lane is sorted by anchor, then arrival.
public struct LaneMember: Sendable, Hashable, Comparable {
    /// The business time in milliseconds at which the item's age is 0.
    public var anchor: Int64
    /// The arrival number.
    public var arrival: Int64

    /// A member from its anchor and arrival number.
    public init(anchor: Int64, arrival: Int64) {
        self.anchor = anchor
        self.arrival = arrival
    }

    /// The order within a lane, as in a sorted set.
    public static func < (left: LaneMember, right: LaneMember) -> Bool {
        left.anchor != right.anchor ? left.anchor < right.anchor : left.arrival < right.arrival
    }
}

extension Curve {
    /// The member of a lane that goes first: with an array what the pick does with a sorted set.
    ///
    /// Each look-up names one member, and the best of these is the best of all. `members` must be sorted.
    public func best(in members: [LaneMember], by lookups: [CurveLookup], businessNow: Int64) -> LaneMember? {
        var best: (member: LaneMember, rank: LaneRank)?
        for lookup in lookups {
            let range = lookup.anchors(businessNow: businessNow)
            let start = range.above.map { above in members.partitionPoint { $0.anchor <= above } } ?? 0
            let end = range.atMost.map { atMost in members.partitionPoint { $0.anchor <= atMost } } ?? members.count
            guard start < end else { continue }
            let member: LaneMember
            switch lookup.end {
            case .lowestAnchor:
                member = members[start]
            case .highestAnchor:
                let highest = members[end - 1].anchor
                member = members[members.partitionPoint { $0.anchor < highest }]
            }
            let rank = LaneRank(of: member, curve: self, businessNow: businessNow)
            if let known = best, known.rank < rank { continue }
            best = (member, rank)
        }
        return best?.member
    }
}

extension Array where Element == LaneMember {
    /// The number of leading members for which `isBefore` holds; once it does not, it must go on not holding.
    fileprivate func partitionPoint(where isBefore: (LaneMember) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
