/// Helps with names that were mistyped.
enum NearestName {
    /// The known name that is at most two changes away (one, for names up to four letters), if any.
    static func of(_ name: String, in known: some Sequence<String>) -> String? {
        guard name.utf8.count <= 100 else { return nil }
        let lowered = Array(name.lowercased())
        let limit = lowered.count <= 4 ? 1 : 2
        return known.prefix(2000).map { ($0, distance(lowered, Array($0.lowercased()))) }
            .filter { $0.1 <= limit }
            .min { $0.1 < $1.1 }?.0
    }

    /// `is unknown; did you mean "x"? Known are: …`, the list cut at twenty.
    static func complaint(about name: String, what: String, known: [String]) -> String {
        let hint = of(name, in: known).map { " Did you mean \"\($0)\"?" } ?? ""
        guard !known.isEmpty else { return "There is no \(what) \(quoted(name)), and none is defined.\(hint)" }
        let rest = known.count > 20 ? " and \(known.count - 20) more" : ""
        return "There is no \(what) \(quoted(name)).\(hint) Known: "
            + known.prefix(20).joined(separator: ", ") + rest + "."
    }

    /// The text in quotes, cut at 60 characters, without control characters.
    static func quoted(_ text: String) -> String {
        let shown = String(String.UnicodeScalarView(text.unicodeScalars.prefix(60).filter { $0.value >= 0x20 }))
        return "\"\(shown)\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// The number of letters to add, remove or replace (Levenshtein), counting adjacent swaps as two.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        guard abs(left.count - right.count) <= 2 else { return .max }
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = previous[column] + (letter == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[right.count]
    }
}
