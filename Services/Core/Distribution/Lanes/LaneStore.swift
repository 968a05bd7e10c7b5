import Coordination
import Domain
import Logging
import Synchronization

/// The lanes of one tenant in Redis: what waits, who may take it, and the pick.
///
/// Everything here can be rebuilt from PostgreSQL, which decides; Redis only guesses well and fast. Every call is one
/// atomic script (additions and removals of many entries: one script per thousand). Calls that fail may have taken
/// effect: all of them can be repeated, but for `pick` and `match`, whose lost answers come back through
/// `overdueReservations`.
package final class LaneStore: Sendable {
    let redis: RedisClient
    /// What every key of the tenant begins with: `{<prefix>t<tenant>}`.
    package let base: String
    let logger: Logger
    private let curves = Mutex<[Int32: Curve]>([:])

    /// The lanes of a tenant on the given Redis.
    /// - Parameter keyPrefix: begins every key, so that several installations can share a server.
    package init(redis: RedisClient, keyPrefix: String = "mr:", tenant: Int32, logger: Logger) {
        self.redis = redis
        self.base = "{\(keyPrefix)t\(tenant)}"
        self.logger = logger
    }

    func key(_ name: String) -> RedisArgument { .string("\(base):\(name)") }

    /// Runs a script on the tenant's keys.
    @discardableResult
    func run(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> RedisReply {
        try await redis.evaluate(script, keys: [.string(base)], arguments: arguments)
    }

    /// Runs a script that names what it lacks in its second element before it changes anything, and gives it the
    /// curves that this store knows.
    func runWithCurves(_ script: RedisScript, _ arguments: [RedisArgument]) async throws -> LaneReply {
        var given: Set<Int32> = []
        while true {
            var reply = LaneReply(try await run(script, arguments))
            let epoch = try reply.text()
            let lacking = try reply.text()
            reply.epoch = try LaneReply.epoch(epoch)
            guard let version = Int32(lacking.dropFirst()) else {
                guard lacking.isEmpty else { throw reply.unexpected }
                return reply
            }
            reply.lacking = lacking.first == "c" ? .unknownCurve(version) : .unknownCalendar(version)
            if lacking.first == "c", given.insert(version).inserted, let curve = knownCurve(version) {
                try await write(curve, version: version)
                if !reply.changedSomething { continue }
            }
            return reply
        }
    }

    func remember(_ curve: Curve, version: Int32) { curves.withLock { $0[version] = curve } }
    func knownCurve(_ version: Int32) -> Curve? { curves.withLock { $0[version] } }
    func knownCurves() -> [Int32: Curve] { curves.withLock { $0 } }
}

extension LaneError {
    static func lacking(_ code: Code) -> LaneError {
        switch code {
        case .unknownCalendar(let version):
            LaneError(code: code, message: "The moment lacks the business time of calendar version \(version).")
        case .unknownCurve(let version):
            LaneError(code: code, message: "The curve of schema version \(version) has not been put.")
        default: LaneError(code: code, message: "Redis lacks something.")
        }
    }
}
