import Domain

/// Numbers and times in short words for people.
public enum TextFormats {
    /// A span of time, at most two units: `350ms`, `12s`, `4m 10s`, `3h 5m`, `2d 4h`; with a minus before negative ones.
    public static func span(milliseconds: Int64) -> String {
        guard milliseconds >= 0 else { return "-" + span(milliseconds: milliseconds == .min ? .max : -milliseconds) }
        guard milliseconds >= 1000 else { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        let units: [(name: String, seconds: Int64)] = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
        guard let first = units.firstIndex(where: { seconds >= $0.seconds }) else { return "0s" }
        let large = "\(seconds / units[first].seconds)\(units[first].name)"
        guard first + 1 < units.count else { return large }
        let rest = seconds % units[first].seconds / units[first + 1].seconds
        return rest == 0 ? large : "\(large) \(rest)\(units[first + 1].name)"
    }

    /// A span of time in seconds.
    public static func span(seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 9e15 else { return "-" }
        return span(milliseconds: Int64((seconds * 1000).rounded()))
    }

    /// A number with so many decimals, always with a point.
    public static func number(_ value: Double, decimals: Int = 1) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "-" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value * scale).rounded())
        guard decimals > 0 else { return "\(scaled)" }
        let digits = String(scaled.magnitude)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return (scaled < 0 ? "-" : "") + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// A share in per cent, `-` when there is nothing to share.
    public static func percent(_ part: Int, of whole: Int) -> String {
        whole == 0 ? "-" : number(100 * Double(part) / Double(whole)) + " %"
    }

    /// A JSON value as one cell of a table: text without quotes, nothing for `null`.
    public static func cell(_ value: JSONValue?) -> String {
        switch value {
        case .none, .null: ""
        case .string(let text): text
        case .number(let number): TextFormats.number(number, decimals: 2)
        case .array(let values): values.map { cell($0) }.joined(separator: ",")
        case .some(let value): value.text
        }
    }

    /// A JSON value over several lines, two blanks for each level.
    public static func indented(_ value: JSONValue, level: Int = 0) -> String {
        let space = String(repeating: "  ", count: level + 1)
        let end = String(repeating: "  ", count: level)
        switch value {
        case .object(let object) where !object.isEmpty:
            let members = object.members.map {
                "\(space)\(JSONValue.string($0.key).text): \(indented($0.value, level: level + 1))"
            }
            return "{\n" + members.joined(separator: ",\n") + "\n\(end)}"
        case .array(let elements) where elements.contains { $0.objectValue != nil || $0.arrayValue != nil }:
            return "[\n" + elements.map { space + indented($0, level: level + 1) }.joined(separator: ",\n")
                + "\n\(end)]"
        default: return value.text
        }
    }
}
