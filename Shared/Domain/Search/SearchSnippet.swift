/// A piece of a text around what was found in it.
public struct SearchSnippet: Sendable, Hashable {
    /// Text and found text in turn, beginning with text (which may be empty): what has an odd place was found. So it needs
    /// no mark-up, and nothing in it can be taken for any.
    public let pieces: [String]

    /// Characters shown before the first place, and in all.
    private static let before = 40
    private static let length = 200

    /// The piece that begins shortly before the first place.
    public init(_ found: SearchMatch.Found) {
        let text = found.part.text
        let first = found.ranges.first?.lowerBound ?? text.startIndex
        var begin = text.index(first, offsetBy: -Self.before, limitedBy: text.startIndex) ?? text.startIndex
        if begin > text.startIndex, let blank = text[begin..<first].firstIndex(where: \.isWhitespace) {
            begin = text.index(after: blank)
        }
        let end = text.index(begin, offsetBy: Self.length, limitedBy: text.endIndex) ?? text.endIndex
        var pieces: [String] = []
        var place = begin
        for range in found.ranges where range.lowerBound >= place && range.lowerBound < end {
            pieces.append(Self.oneLine(text[place..<range.lowerBound]))
            // A found phrase is shown as a whole, unless much lies between its words.
            let shown = text[range].prefix(Self.length)
            pieces.append(Self.oneLine(shown) + (shown.endIndex < range.upperBound ? "…" : ""))
            place = range.upperBound
        }
        if place < end { pieces.append(Self.oneLine(text[place..<end])) }
        if begin > text.startIndex, !pieces.isEmpty { pieces[0] = "…" + pieces[0] }
        if max(place, end) < text.endIndex {
            if pieces.count.isMultiple(of: 2) { pieces.append("") }
            pieces[pieces.count - 1] += "…"
        }
        self.pieces = pieces
    }

    private static func oneLine(_ text: Substring) -> String {
        String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }
}
