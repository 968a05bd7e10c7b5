import Coordination
import Domain

extension LaneStore {
    /// Makes the curve of a schema version known, before the first item is added that ages by it.
    /// A version's curve never changes. The store remembers it and gives it to a Redis that has lost it.
    package func putCurve(_ curve: Curve, version: Int32) async throws {
        remember(curve, version: version)
        try await write(curve, version: version)
    }

    /// Sets how many items may be out (reserved, offered or assigned) per endpoint; endpoints not named have no limit.
    package func setLimits(_ limits: [Int32: Int]) async throws {
        try await run(LaneScripts.setLimits, limits.flatMap { [.integer(Int64($0.key)), .integer(Int64($0.value))] })
    }

    /// Writes a curve in the form that the scripts read.
    func write(_ curve: Curve, version: Int32) async throws {
        let lookups = curve.lookups()
        var arguments: [RedisArgument] = [
            .integer(Int64(version)), lookups.count == 1 ? 1 : 0, .integer(Int64(curve.points.count)),
        ]
        for point in curve.points {
            arguments.append(.integer(point.age))
            arguments.append(RedisArgument(point.priority))
        }
        func bound(_ age: Int64?) -> RedisArgument { age.map { .integer($0) } ?? "-" }
        for lookup in lookups {
            arguments.append(lookup.end == .lowestAnchor ? "l" : "h")
            arguments.append(bound(lookup.from))
            arguments.append(bound(lookup.to))
        }
        try await run(LaneScripts.putCurve, arguments)
    }
}
