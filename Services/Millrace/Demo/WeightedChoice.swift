/// Draws values in proportion to their weights.
public struct WeightedChoice<Value: Sendable>: Sendable {
    private let values: [Value]
    private let sums: [Double]

    /// Values with weights above 0; others are left out.
    public init(_ weighted: [(Value, Double)]) {
        var values: [Value] = []
        var sums: [Double] = []
        var sum = 0.0
        for (value, weight) in weighted where weight > 0 {
            sum += weight
            values.append(value)
            sums.append(sum)
        }
        self.values = values
        self.sums = sums
    }

    /// One value, or nil when there is none.
    public func draw(using generator: inout some RandomNumberGenerator) -> Value? {
        guard let last = sums.last else { return nil }
        let point = Double.random(in: 0..<last, using: &generator)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > point { high = middle } else { low = middle + 1 }
        }
        return values[low]
    }
}

/// A small generator with a seed (SplitMix64, Steele, Lea and Flood 2014), so that a run can be repeated.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose numbers depend on the seed alone.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
