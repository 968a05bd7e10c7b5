/// Writes comma-separated values that are safe to open in a spreadsheet.
public enum CSVWriter {
    /// What text begins with that a spreadsheet takes for a formula; the wide forms as well, where those are written.
    private static let beginningsOfFormulas: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    /// One record with its line break. Fields are quoted where needed; text that a spreadsheet would run as a formula gets
    /// an apostrophe before it.
    ///
    /// Readers know scalars and no characters: a quote with a combining accent on it is a quote to them.
    public static func line(_ fields: [String], separator: Unicode.Scalar = ",") -> String {
        var line = String.UnicodeScalarView()
        for (index, field) in fields.enumerated() {
            if index > 0 { line.append(separator) }
            append(field, to: &line, separator)
        }
        line.append("\r")
        line.append("\n")
        return String(line)
    }

    private static func append(_ field: String, to line: inout String.UnicodeScalarView, _ separator: Unicode.Scalar) {
        let scalars = field.unicodeScalars
        let isFormula = scalars.first.map(beginningsOfFormulas.contains) == true && Double(field) == nil
        let needsQuotes = scalars.contains { $0 == "\"" || $0 == "\n" || $0 == "\r" || $0 == separator }
        if needsQuotes { line.append("\"") }
        if isFormula { line.append("'") }
        for scalar in scalars {
            if scalar == "\"" { line.append("\"") }
            line.append(scalar)
        }
        if needsQuotes { line.append("\"") }
    }
}
