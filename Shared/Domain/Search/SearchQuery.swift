/// What somebody looks for.
///
/// ```
/// router broken            both words, anywhere
/// "router is broken"       these words one after the other
/// rout*                    words that begin so
/// product:router           the word in this attribute; captureId, subject, text, from and to are fields too
/// customer:"Åsa Öberg"     a phrase in a field
/// -spam  -product:modem    not with these
/// ```
/// What has several words without a blank (`INC-17`, an address) is a phrase.
public struct SearchQuery: Sendable, Hashable {
    /// A word, a phrase or a field's.
    public struct Term: Sendable, Hashable {
        /// The field as it is compared; nil for anywhere.
        public var field: String?
        /// One after the other.
        public var words: [String]
        /// Whether the last word may go on.
        public var isPrefix: Bool
        /// Whether it must not occur.
        public var isExcluded: Bool

        /// A term.
        public init(field: String? = nil, words: [String], isPrefix: Bool = false, isExcluded: Bool = false) {
            self.field = field
            self.words = words
            self.isPrefix = isPrefix
            self.isExcluded = isExcluded
        }
    }

    /// All of them must hold. Empty when nothing that was asked for has a letter or a digit: then nothing is found.
    public let terms: [Term]

    /// The most words of a query.
    public static let mostWords = 32

    /// What is wrong with a query.
    public struct Problem: Error, Sendable, Hashable {
        /// What to do.
        public let message: String
    }

    /// Reads a query.
    public init(_ text: String) throws(Problem) {
        var reader = SearchQueryReader(text: text[...])
        var terms: [Term] = []
        while let term = reader.next() {
            if !term.words.isEmpty, !terms.contains(term) { terms.append(term) }
        }
        guard terms.reduce(0, { $0 + $1.words.count }) <= Self.mostWords else {
            throw Problem(message: "must have at most \(Self.mostWords) words")
        }
        self.terms = terms
    }

    /// Terms that must occur.
    public var wanted: [Term] { terms.filter { !$0.isExcluded } }
}

/// Takes a query apart.
struct SearchQueryReader {
    var text: Substring
    private static let quotes: Set<Character> = ["\"", "“", "”", "„", "«", "»"]

    /// The next term; without words when there is nothing but signs. Nil at the end.
    mutating func next() -> SearchQuery.Term? {
        text = text.drop { $0.isWhitespace }
        guard !text.isEmpty else { return nil }
        let isExcluded = text.first == "-"
        if isExcluded { text.removeFirst() }
        let field = takeField()
        var value: Substring
        if let first = text.first, Self.quotes.contains(first) {
            text.removeFirst()
            value = text.prefix { !Self.quotes.contains($0) }
            text = text[value.endIndex...].dropFirst()
            if text.first == "*" {
                text.removeFirst()
                value = text.base[value.startIndex..<text.startIndex]
            }
        } else {
            value = text.prefix { !$0.isWhitespace }
            text = text[value.endIndex...]
        }
        return SearchQuery.Term(
            field: field, words: SearchWords.words(of: String(value)), isPrefix: value.last == "*",
            isExcluded: isExcluded)
    }

    /// `name:` in front of what is looked for. `12:30` and `https://…` are texts.
    private mutating func takeField() -> String? {
        guard let first = text.first, first.isLetter else { return nil }
        let name = text.prefix { $0.isLetter || $0.isNumber || "_-./".contains($0) }
        let rest = text[name.endIndex...]
        guard rest.first == ":" else { return nil }
        let value = rest.dropFirst()
        guard let begin = value.first, !begin.isWhitespace, !value.hasPrefix("//") else { return nil }
        text = value
        return SearchWords.key(ofField: String(name))
    }
}
