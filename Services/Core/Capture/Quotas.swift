import Coordination
import Domain
import ServiceKit

/// Quotas of submits of a tenant and of its sources, counted in Redis over all instances in fixed windows of a second and a day.
/// Where nothing is limited nothing is counted; while Redis is away everything is admitted.
struct Quotas: Sendable {
    let redis: RedisClient
    let keyPrefix: String
    /// Of a tenant whose configuration names none; nil limits nothing.
    let fallback: Quota?

    /// Seconds after which to try again, when the quota is used up.
    func refusal(source: Int32, in snapshot: TenantSnapshot, at now: Instant) async -> Int? {
        let second = now.milliseconds / 1000
        let day = second / 86_400
        var windows: [(key: String, limit: Int64, seconds: Int64, wait: Int64)] = []
        func add(_ quota: QuotaConfiguration?, _ owner: String) {
            if let limit = quota?.perSecond { windows.append(("quota:\(owner):s:\(second)", Int64(limit), 2, 1)) }
            if let limit = quota?.perDay {
                windows.append(("quota:\(owner):d:\(day)", Int64(limit), 90_000, (day + 1) * 86_400 - second))
            }
        }
        if let quota = snapshot.configuration.quota {
            add(quota, "t")
        } else if let fallback {
            let length = Int64(fallback.seconds)
            windows.append(
                ("quota:t:\(length):\(second / length)", Int64(fallback.count), length + 1, length - second % length))
        }
        add(snapshot.sources[source]?.definition.quota, "s\(source)")
        guard !windows.isEmpty else { return nil }
        do {
            let answer = try await redis.evaluate(
                Self.script, keys: [.string("\(keyPrefix):quota")],
                arguments: windows.flatMap {
                    [.string("\(keyPrefix):\($0.key)"), .integer($0.limit), .integer($0.seconds)]
                })
            guard let index = answer.integerValue, index > 0 else { return nil }
            return Int(windows[Int(index) - 1].wait)
        } catch {
            return nil
        }
    }

    /// Counts in all windows or in none; answers which window is full, or 0.
    private static let script = RedisScript(
        name: "quota",
        source: """
            for i = 1, #ARGV, 3 do
              if tonumber(redis.call('GET', ARGV[i]) or '0') >= tonumber(ARGV[i + 1]) then return (i + 2) / 3 end
            end
            for i = 1, #ARGV, 3 do
              redis.call('INCR', ARGV[i])
              redis.call('EXPIRE', ARGV[i], ARGV[i + 2])
            end
            return 0
            """)
}
