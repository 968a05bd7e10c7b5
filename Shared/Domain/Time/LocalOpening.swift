/// An opening of one day by the clock on the wall: from the start until just before the end.
public struct LocalOpening: Sendable, Hashable {
    /// Minutes after midnight at which it opens, 0 to 1440.
    public let startMinute: Int
    /// Minutes after midnight at which it closes, from `startMinute` (then it counts nothing) to 1440.
    public let endMinute: Int

    /// The opening between two minutes of the day; nil unless 0 ≤ start ≤ end ≤ 1440.
    public init?(startMinute: Int, endMinute: Int) {
        guard 0 <= startMinute, startMinute <= endMinute, endMinute <= 1440 else { return nil }
        self.startMinute = startMinute
        self.endMinute = endMinute
    }

    /// Reads `08:00-17:00`; `24:00` is the end of the day.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(12))
        guard bytes.count == 11, bytes[5] == UInt8(ascii: "-") else { return nil }
        guard let start = LocalOpening.minute(bytes[0..<5]), let end = LocalOpening.minute(bytes[6..<11]) else {
            return nil
        }
        self.init(startMinute: start, endMinute: end)
    }

    /// Whether both are open at some minute of the same day. Openings of no length overlap nothing.
    public func overlaps(_ other: LocalOpening) -> Bool {
        max(startMinute, other.startMinute) < min(endMinute, other.endMinute)
    }

    private static func minute(_ bytes: ArraySlice<UInt8>) -> Int? {
        let digits = bytes.map { Int($0) - 48 }
        guard digits[2] == Int(UInt8(ascii: ":")) - 48 else { return nil }
        guard [0, 1, 3, 4].allSatisfy({ (0...9).contains(digits[$0]) }) else { return nil }
        let hour = digits[0] * 10 + digits[1]
        let minute = digits[3] * 10 + digits[4]
        guard minute < 60, hour < 24 || (hour == 24 && minute == 0) else { return nil }
        return hour * 60 + minute
    }
}

extension LocalOpening: CustomStringConvertible {
    /// The opening as `08:00-17:00`.
    public var description: String {
        func clock(_ minutes: Int) -> String {
            let hour = minutes / 60
            let minute = minutes % 60
            return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
        }
        return "\(clock(startMinute))-\(clock(endMinute))"
    }
}
