/// The text of HTML as a reader sees it: lines, lists, quotes; blanks folded.
struct HTMLTextBuilder {
    private(set) var text = ""
    private var pendingBreaks = 0
    private var pendingSpace = false
    private var lineIsEmpty = true
    private var quotes = 0
    private var lastQuotes = 0
    private var preformatted = 0
    private var size = 0
    private let limit: Int

    /// A builder that stops at `limit` UTF-8 bytes.
    init(limit: Int) { self.limit = limit }

    /// Whether the limit was reached.
    var isFull: Bool { size >= limit }

    mutating func begin(_ name: String) {
        switch name {
        case "br": lineBreak()
        case "td", "th": if !lineIsEmpty { pendingSpace = true }
        case "hr":
            block(spaced: false)
            append("---")
            block(spaced: false)
        default:
            guard HTMLPolicy.blocks.contains(name) else { return }
            block(spaced: HTMLPolicy.spaced.contains(name))
            if name == "blockquote" { quotes += 1 }
            if name == "pre" { preformatted += 1 }
            if name == "li" { append("- ") }
        }
    }

    mutating func end(_ name: String) {
        guard name != "hr", HTMLPolicy.blocks.contains(name) else { return }
        block(spaced: HTMLPolicy.spaced.contains(name))
        if name == "blockquote" { quotes = max(0, quotes - 1) }
        if name == "pre" { preformatted = max(0, preformatted - 1) }
    }

    mutating func characters(_ characters: String) {
        var word = ""
        for scalar in characters.unicodeScalars {
            let isBlank = scalar == " " || scalar == "\n" || scalar == "\t" || scalar == "\r" || scalar == "\u{A0}"
            if isBlank, preformatted == 0 || scalar == "\r" {
                if !word.isEmpty { append(word) }
                word = ""
                pendingSpace = pendingSpace || !lineIsEmpty
            } else if scalar == "\n" {
                if !word.isEmpty { append(word) }
                word = ""
                lineBreak()
            } else if !Self.isInvisible(scalar) {
                word.unicodeScalars.append(scalar)
            }
        }
        if !word.isEmpty { append(word) }
    }

    /// Fillers that newsletters hide behind their first line: zero-width characters, soft hyphens.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        [0x200B, 0x200C, 0xAD, 0xFEFF, 0x34F].contains(scalar.value)
    }

    private mutating func append(_ piece: String) {
        guard !isFull else { return }
        var added = ""
        if pendingBreaks > 0, !text.isEmpty {
            for number in 1...pendingBreaks {
                added += "\n"
                if number < pendingBreaks { added += String(repeating: ">", count: min(quotes, lastQuotes, 20)) }
            }
        }
        if lineIsEmpty, quotes > 0 { added += String(repeating: ">", count: min(quotes, 20)) + " " }
        if pendingSpace, !lineIsEmpty { added += " " }
        added += piece
        text += added
        size += added.utf8.count
        pendingBreaks = 0
        pendingSpace = false
        lineIsEmpty = false
        lastQuotes = quotes
    }

    private mutating func lineBreak() {
        pendingBreaks = min(pendingBreaks + 1, 3)
        pendingSpace = false
        lineIsEmpty = true
    }

    private mutating func block(spaced: Bool) {
        if !text.isEmpty { pendingBreaks = max(pendingBreaks, spaced ? 2 : 1) }
        pendingSpace = false
        lineIsEmpty = true
    }
}
