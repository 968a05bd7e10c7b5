import Domain
import Foundation

/// Which quarter of an hour, and which day of each of the tenant's zones, an instant lies in.
package struct Intervals: Sendable {
    /// A quarter of an hour in milliseconds. Every zone's distance from UTC has been a multiple of it since 1972, so that
    /// zones' days are made of whole quarters.
    package static let quarter: Int64 = 900_000

    private let zones: [TimeZone]
    private let floor: Int64
    /// The quarter of the last look-up and its days: events come in order of time, nearly.
    private var last: (start: Int64, days: [Int64])?

    /// - Parameters:
    ///   - timeZones: IANA names in order of their keys, the first is zone 1.
    ///   - floor: the 15-minute tables hold nothing that is older.
    package init(timeZones: [String], floor: Instant) {
        zones = timeZones.map { TimeZone(identifier: $0) ?? .gmt }
        self.floor = floor.milliseconds
        last = nil
    }

    /// The start of the quarter.
    package static func start(of milliseconds: Int64) -> Int64 {
        let remainder = milliseconds % quarter
        return milliseconds - (remainder < 0 ? remainder + quarter : remainder)
    }

    /// Whether the 15-minute tables hold that quarter.
    package func isIntraday(_ start: Int64) -> Bool { start >= floor }

    /// Days since 1970 in each zone, the first is zone 1.
    package mutating func days(at milliseconds: Int64) -> [Int64] {
        let start = Self.start(of: milliseconds)
        if let last, last.start == start { return last.days }
        let days = zones.map { zone in
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start) / 1000))
            let local = start + Int64(offset) * 1000
            return local >= 0 ? local / 86_400_000 : (local - 86_399_999) / 86_400_000
        }
        last = (start, days)
        return days
    }
}
