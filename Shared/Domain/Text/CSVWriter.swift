/// Writes comma-separated values that are safe to open in a spreadsheet.
public enum CSVWriter {
    /// One record with its line break. Fields are quoted where needed; text that a spreadsheet would run as a formula gets
    /// an apostrophe before it.
    public static func line(_ fields: [String], separator: Character = ",") -> String {
        fields.map { field in
            let safe = "=+-@\t\r".contains(field.first ?? " ") && Double(field) == nil ? "'" + field : field
            let needsQuotes =
                safe.unicodeScalars.contains { $0 == "\"" || $0 == "\n" || $0 == "\r" } || safe.contains(separator)
            return needsQuotes ? "\"" + safe.replacing("\"", with: "\"\"") + "\"" : safe
        }.joined(separator: String(separator)) + "\r\n"
    }
}
