/// Durations as people write them in a document: `30s`, `5m`, `1h30m`, `2d`, `500ms`, `PT30S`, `P1DT12H`,
/// or a plain number of seconds.
public enum DurationText {
    /// The longest duration, in milliseconds: 3,650 days.
    public static let longest: Int64 = 3650 * 86_400_000

    /// The duration in milliseconds; nil when it is none, negative or longer than `longest`.
    public static func milliseconds(_ value: JSONValue) -> Int64? {
        switch value {
        case .integer, .number: value.numberValue.flatMap { bounded($0 * 1000) }
        case .string(let text): milliseconds(text)
        default: nil
        }
    }

    /// The duration in milliseconds; nil when the text is none, or it is longer than `longest`.
    public static func milliseconds(_ text: String) -> Int64? {
        guard text.utf8.count <= 40 else { return nil }
        return text.utf8.first == UInt8(ascii: "P") ? iso8601(text.dropFirst()) : sum(of: text, units: plainUnits)
    }

    /// The shortest way of writing it: `90s`, `5m`, `1d`, `250ms`.
    public static func text(milliseconds: Int64) -> String {
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds != 0 && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }

    private static let plainUnits: [(String, Double)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// `P…` has days before the T and hours, minutes and seconds after it; months and years have no length.
    private static func iso8601(_ text: Substring) -> Int64? {
        let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        let dates = parts.first.map(String.init) ?? ""
        let days = dates.isEmpty ? 0 : sum(of: dates, units: [("W", 604_800_000), ("D", 86_400_000)])
        guard let days, parts.count == 2 else { return dates.isEmpty ? nil : days }
        let times = sum(of: String(parts[1]), units: [("H", 3_600_000), ("M", 60_000), ("S", 1000)])
        return times.flatMap { bounded(Double(days) + Double($0)) }
    }

    /// Adds up numbers with their units, which must come in order, each at most once.
    private static func sum(of text: String, units: [(String, Double)]) -> Int64? {
        var rest = text[...]
        var remaining = units[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            let unit = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            guard let amount = number(digits), let index = remaining.firstIndex(where: { $0.0 == unit }) else {
                return nil
            }
            total += amount * remaining[index].1
            remaining = remaining[(index + 1)...]
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return text.isEmpty ? nil : bounded(total)
    }

    private static func number(_ digits: Substring) -> Double? {
        guard let first = digits.first, let last = digits.last, first != ".", last != "." else { return nil }
        return Double(digits)
    }

    private static func bounded(_ milliseconds: Double) -> Int64? {
        guard milliseconds >= 0, milliseconds <= Double(longest) else { return nil }
        return Int64(milliseconds.rounded())
    }
}
