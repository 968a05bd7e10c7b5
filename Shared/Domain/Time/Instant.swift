/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Text is RFC 3339. Reading and writing are plain arithmetic, because they stand on the path of every work item.
public struct Instant: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z; negative before.
    public var milliseconds: Int64

    /// The instant that many milliseconds after 1970-01-01T00:00:00Z.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The earlier instant is the smaller one.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `milliseconds` later, held at the ends of the range instead of overflowing.
    public static func + (instant: Instant, milliseconds: Int64) -> Instant {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(milliseconds)
        guard overflow else { return Instant(milliseconds: sum) }
        return Instant(milliseconds: milliseconds > 0 ? .max : .min)
    }

    /// The instant `milliseconds` earlier, held at the ends of the range instead of overflowing.
    public static func - (instant: Instant, milliseconds: Int64) -> Instant {
        let (difference, overflow) = instant.milliseconds.subtractingReportingOverflow(milliseconds)
        guard overflow else { return Instant(milliseconds: difference) }
        return Instant(milliseconds: milliseconds > 0 ? .min : .max)
    }

    /// The milliseconds from `right` to `left`, held at the ends of the range instead of overflowing.
    public static func - (left: Instant, right: Instant) -> Int64 {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        guard overflow else { return difference }
        return left.milliseconds > right.milliseconds ? .max : .min
    }
}

extension Instant: Codable {
    /// Reads an RFC 3339 string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let instant = Instant(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a date and time such as 2026-01-02T03:04:05Z")
        }
        self = instant
    }

    /// Writes an RFC 3339 string with milliseconds, in UTC.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

extension Instant: CustomStringConvertible {
    /// The instant as RFC 3339 in UTC.
    public var description: String { rfc3339 }
}
