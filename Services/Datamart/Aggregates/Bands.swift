/// Bands of values, each with a key in its dimension: key 1 is what lies below the first bound.
package struct Bands<Value: Comparable & Sendable>: Sendable {
    /// The bounds in rising order; a band holds its lower bound.
    package let bounds: [Value]

    /// The key of a value's band: 1 + how many bounds lie at or below it.
    package func key(of value: Value) -> Int32 {
        var key: Int32 = 1
        for bound in bounds where value >= bound { key += 1 }
        return key
    }

    /// The key, or 0 (none).
    package func key(of value: Value?) -> Int32 { value.map { key(of: $0) } ?? 0 }
}

extension Bands<Double> {
    /// Of priorities at the pick: `dim_priority_band`.
    package static let priority = Bands(bounds: [0, 25, 50, 75, 100, 150, 200, 500, 1000])
    /// Of business values: `dim_business_value`.
    package static let businessValue = Bands(bounds: [0, 10, 100, 1000, 10_000, 100_000])
}

extension Bands<Int64> {
    /// Of ages since activation in milliseconds: `dim_age_band`.
    package static let age = Bands(
        bounds: [
            900_000, 3_600_000, 14_400_000, 28_800_000, 86_400_000, 172_800_000, 432_000_000, 864_000_000,
            2_592_000_000,
        ])
}
