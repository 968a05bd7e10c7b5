/// A point of a priority curve.
public struct CurvePoint: Sendable, Hashable {
    /// Business age in milliseconds; may be negative.
    public var age: Int64
    /// The priority at that age.
    public var priority: Double

    /// A point at an age in milliseconds of business time.
    public init(age: Int64, priority: Double) {
        self.age = age
        self.priority = priority
    }
}

/// A piecewise linear curve from business age to priority.
///
/// It is constant before the first and after the last point. Points at the same age make a jump: the first is what the
/// curve comes to from the left, the last is its value there and to the right, and any between them mean nothing.
public struct Curve: Sendable, Hashable {
    /// The points, by age that does not fall.
    public let points: [CurvePoint]

    /// The most points that a curve may have.
    public static let mostPoints = 200
    /// The largest age either side of 0, in milliseconds: 10,000 years.
    public static let largestAge: Int64 = 10_000 * 366 * 86_400_000
    /// The largest priority either side of 0.
    public static let largestPriority = 1e300

    /// A curve through these points, which must be in order of age.
    public init(points: [CurvePoint]) throws(CurveError) {
        guard !points.isEmpty else { throw .noPoints }
        guard points.count <= Curve.mostPoints else { throw .tooManyPoints(points.count) }
        for (index, point) in points.enumerated() {
            guard point.age.magnitude <= Curve.largestAge else { throw .ageOutOfRange(index: index) }
            guard abs(point.priority) <= Curve.largestPriority else { throw .priorityOutOfRange(index: index) }
            guard index > 0 else { continue }
            let previous = points[index - 1]
            guard previous.age <= point.age else { throw .agesOutOfOrder(index: index) }
            guard !Curve.fallsTooSlowly(from: previous, to: point) else { throw .fallsTooSlowly(index: index) }
        }
        self.points = points
    }

    /// The priority at a business age in milliseconds.
    ///
    /// In floating point, too, it does not fall on a rising piece, and falls from each millisecond to the next on a
    /// falling one. A script that takes the same steps in doubles gets the same bits.
    public func priority(atAge age: Int64) -> Double {
        points.withUnsafeBufferPointer { points in
            var low = 0
            var high = points.count
            while low < high {
                let middle = (low + high) >> 1
                if points[middle].age > age { high = middle } else { low = middle + 1 }
            }
            if low == 0 { return points[0].priority }
            let left = points[low - 1]
            if low == points.count { return left.priority }
            let right = points[low]
            let part = Double(age - left.age) / Double(right.age - left.age)
            let priority = left.priority + (right.priority - left.priority) * part
            // Rounding may lead a little past the end of the piece, and so past the next one's start.
            return min(max(priority, min(left.priority, right.priority)), max(left.priority, right.priority))
        }
    }

    /// Whether an older item of the lane never ranks below a younger one, so that one look-up finds the best.
    public var neverFalls: Bool {
        lookups().count == 1
    }

    /// Whether neighbouring milliseconds of a falling piece could round to the same priority.
    /// Then age would decide for the older one, and the look-up for the younger.
    /// The rounding errors of two priorities add up to less than 2^-49 of the larger end.
    private static func fallsTooSlowly(from left: CurvePoint, to right: CurvePoint) -> Bool {
        guard right.priority < left.priority, left.age < right.age else { return false }
        let fall = (left.priority - right.priority) / Double(right.age - left.age)
        let largest = max(abs(left.priority), abs(right.priority))
        return fall < max(largest * 0x1p-48, .leastNormalMagnitude)
    }
}
