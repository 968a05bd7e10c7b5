import Domain
import Foundation

/// How long agents work on an item: lognormally distributed, as handling times in contact centres are.
public struct HandleTime: Sendable, Hashable {
    /// The mean in seconds.
    public var mean: Double
    /// The standard deviation of the logarithm; 0 makes every time the mean.
    public var sigma: Double

    /// A distribution with that mean (seconds) and standard deviation of the logarithm.
    public init(mean: Double, sigma: Double = 0) {
        self.mean = mean
        self.sigma = sigma
    }

    /// Reads `mean` or `mean,sigma`: the mean as a duration or seconds (`90s`, `2m`, `0.5`), sigma as a number up to 5.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= 2, let seconds = Self.seconds(String(parts[0])), seconds <= 86400 else { return nil }
        mean = seconds
        sigma = 0
        if parts.count == 2 {
            guard let value = Double(parts[1]), (0...5).contains(value) else { return nil }
            sigma = value
        }
    }

    /// One time. With mean m and sigma s the median is m·exp(−s²/2); times over 20 means are cut, which only matters for
    /// large sigma.
    public func sample(using generator: inout some RandomNumberGenerator) -> Duration {
        .milliseconds(Int64((seconds(using: &generator) * 1000).rounded()))
    }

    /// One time in seconds.
    public func seconds(using generator: inout some RandomNumberGenerator) -> Double {
        guard sigma > 0, mean > 0 else { return mean }
        let value = mean * exp(sigma * Self.normal(using: &generator) - sigma * sigma / 2)
        return min(value, 20 * mean)
    }

    /// A standard normal number (Box and Muller).
    static func normal(using generator: inout some RandomNumberGenerator) -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }

    /// A duration (`90s`, `5m`) or a plain number of seconds.
    static func seconds(_ text: String) -> Double? {
        let value =
            Double(text).map { $0 >= 0 && $0.isFinite ? $0 : .nan }
            ?? DurationText.milliseconds(text).map { Double($0) / 1000 }
        return value.flatMap { $0.isNaN ? nil : $0 }
    }
}
