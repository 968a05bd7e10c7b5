/// Why points do not make a curve. `index` is the point's place in the list, from 0.
public enum CurveError: Error, Sendable, Hashable {
    /// There is no point.
    case noPoints
    /// There are more than ``Curve/mostPoints``.
    case tooManyPoints(Int)
    /// The age lies before that of the point in front of it.
    case agesOutOfOrder(index: Int)
    /// The age is beyond ±``Curve/largestAge``.
    case ageOutOfRange(index: Int)
    /// The priority is not a number, infinite, or beyond ±``Curve/largestPriority``.
    case priorityOutOfRange(index: Int)
    /// The curve falls to this point by less a millisecond than priorities can tell apart.
    case fallsTooSlowly(index: Int)

    /// The place of the point at fault, from 0; nil when it is the whole list.
    public var index: Int? {
        switch self {
        case .noPoints, .tooManyPoints: nil
        case .agesOutOfOrder(let index), .ageOutOfRange(let index), .priorityOutOfRange(let index),
            .fallsTooSlowly(let index):
            index
        }
    }
}

extension CurveError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .noPoints:
            "a curve needs at least one point"
        case .tooManyPoints(let count):
            "\(count) points are too many: use at most \(Curve.mostPoints)"
        case .agesOutOfOrder(let index):
            "point \(index) is younger than the point before it: list points by rising age"
        case .ageOutOfRange(let index):
            "the age of point \(index) is out of range: stay within 10,000 years"
        case .priorityOutOfRange(let index):
            "the priority of point \(index) must be a number within ±1e300"
        case .fallsTooSlowly(let index):
            "the curve falls too slowly towards point \(index) to rank by: make it flat, or fall further or faster"
        }
    }
}
