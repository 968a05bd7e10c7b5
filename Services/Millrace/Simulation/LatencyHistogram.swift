/// Durations counted in classes that are at most 3 % wide, so that a million of them cost a few kilobytes.
public struct LatencyHistogram: Sendable, Hashable {
    // 32 classes for each doubling, from 1 µs on.
    private static let steps = 32
    private var counts: [Int] = []

    /// How many durations were recorded.
    public private(set) var count = 0
    /// The sum of all durations in microseconds.
    public private(set) var total: Int64 = 0
    /// The longest duration in microseconds.
    public private(set) var longest: Int64 = 0

    /// A histogram without durations.
    public init() {}

    /// The longest duration that is told from longer ones: a year.
    public static let limit: Int64 = 365 * 86_400_000_000

    /// Counts a duration in microseconds; a negative one, which clocks that differ can cause, counts as 0.
    public mutating func record(microseconds: Int64) {
        let value = min(max(0, microseconds), Self.limit)
        let index = Self.index(of: value)
        if index >= counts.count { counts += Array(repeating: 0, count: index + 1 - counts.count) }
        counts[index] += 1
        count += 1
        total += value
        longest = max(longest, value)
    }

    /// Counts a duration.
    public mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        record(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// The duration in microseconds that the given share (0…1) does not exceed, at most 3 % too long; nil without any.
    public func quantile(_ share: Double) -> Int64? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= rank { return min(Self.upperBound(of: index), longest) }
        }
        return longest
    }

    /// The mean in microseconds; nil without any.
    public var mean: Double? { count > 0 ? Double(total) / Double(count) : nil }

    private static func index(of value: Int64) -> Int {
        guard value >= Int64(steps) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let shift = exponent - 5
        return (shift + 1) * steps + Int(value >> Int64(shift)) - steps
    }

    private static func upperBound(of index: Int) -> Int64 {
        guard index >= steps else { return Int64(index) }
        let shift = index / steps - 1
        let lower = Int64(index % steps + steps) << Int64(shift)
        return lower + (Int64(1) << Int64(shift)) - 1
    }
}
