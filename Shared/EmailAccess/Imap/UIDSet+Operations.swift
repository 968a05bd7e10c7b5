/// What sets of UIDs have in common, and what not.
extension UIDSet {
    /// Whether the UID is one of these.
    public func contains(_ uid: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < uid { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(uid)
    }

    /// Those that are in both.
    public func intersection(_ other: UIDSet) -> UIDSet {
        var common: [ClosedRange<UInt32>] = []
        var (mine, theirs) = (ranges[...], other.ranges[...])
        while let first = mine.first, let second = theirs.first {
            if first.overlaps(second) { common.append(first.clamped(to: second)) }
            if first.upperBound < second.upperBound { mine.removeFirst() } else { theirs.removeFirst() }
        }
        return UIDSet(common)
    }

    /// Those that are not among the others.
    public func subtracting(_ others: some Sequence<UInt32>) -> UIDSet {
        let without = UIDSet(others)
        guard !without.isEmpty else { return self }
        return UIDSet(uids.filter { !without.contains($0) })
    }

    /// Those up to a UID.
    public func upTo(_ last: UInt32) -> UIDSet {
        UIDSet(ranges.compactMap { $0.lowerBound > last ? nil : $0.lowerBound...min(last, $0.upperBound) })
    }
}
