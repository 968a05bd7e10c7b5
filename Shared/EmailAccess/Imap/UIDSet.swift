/// UIDs as ranges, in IMAP's own writing `1:3,7`.
public struct UIDSet: Sendable, Hashable, CustomStringConvertible {
    /// Ascending ranges that do not touch.
    public let ranges: [ClosedRange<UInt32>]

    /// From ranges in any order.
    public init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// From UIDs in any order.
    public init(_ uids: some Sequence<UInt32>) { self.init(uids.map { $0...$0 }) }

    /// Reads `1:3,7`; nil when it is not that.
    package init?(_ text: String) {
        var ranges: [ClosedRange<UInt32>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = UInt32(ends[0]), let last = UInt32(ends[ends.count - 1])
            else { return nil }
            ranges.append(min(first, last)...max(first, last))
        }
        self.init(ranges)
    }

    /// How many UIDs there are.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Whether there are none.
    public var isEmpty: Bool { ranges.isEmpty }

    /// Each UID, ascending.
    public var uids: some Sequence<UInt32> { ranges.lazy.joined() }

    /// In IMAP's writing.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound):\($0.upperBound)" }.joined(separator: ",")
    }
}
