/// How much in how long: `1000/s`, `20000/m`, `1000000/h`.
public struct Quota: Sendable, Hashable, CustomStringConvertible {
    /// Requests or items.
    public var count: Int
    /// Seconds they are counted over.
    public var seconds: Int

    /// Makes a quota.
    public init(count: Int, seconds: Int) {
        self.count = count
        self.seconds = seconds
    }

    /// Reads `count/s`, `/m` or `/h`; nil when it is not that.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let units: [Substring: Int] = ["s": 1, "m": 60, "h": 3600]
        guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000_000).contains(count),
            let seconds = units[parts[1]]
        else { return nil }
        self.init(count: count, seconds: seconds)
    }

    /// As it is written in a configuration.
    public var description: String { "\(count)/\(seconds == 1 ? "s" : seconds == 60 ? "m" : "h")" }

    /// Mean rate, per second.
    public var perSecond: Double { Double(count) / Double(seconds) }
}
