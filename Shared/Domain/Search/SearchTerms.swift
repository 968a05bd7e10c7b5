/// A document's words as an index takes them.
public struct SearchTerms: Sendable, Hashable {
    /// A word or a field's word at its place.
    public struct Entry: Sendable, Hashable {
        /// The word, or `field:word`. Words have no colon, so the two never meet.
        public var text: String
        /// Counted through the whole document, with a gap between parts.
        public var place: Int
        /// The zone it stands in.
        public var zone: SearchZone
    }

    /// The words of one part, and the same as words of their field.
    public struct Run: Sendable, Hashable {
        /// The zone of the part.
        public var zone: SearchZone
        /// Its words.
        public var words: [String]
        /// `field:word` for each; empty for the texts of messages.
        public var named: [String]
        /// The place of the first.
        public var place: Int
    }

    /// Part by part, without those that have no words.
    public let runs: [Run]

    /// The words of a document.
    public init(_ document: SearchDocument) {
        var runs: [Run] = []
        for (part, found) in zip(document.parts, document.occurrences()) where !found.words.isEmpty {
            let words = found.words.map(\.word)
            let named = part.key.map { key in words.map { "\(key):\($0)" } } ?? []
            runs.append(Run(zone: part.zone, words: words, named: named, place: found.place))
        }
        self.runs = runs
    }

    /// All words and fields' words with their places.
    public var entries: [Entry] {
        runs.flatMap { run in
            [run.words, run.named].flatMap { texts in
                texts.enumerated().map { Entry(text: $0.element, place: run.place + $0.offset, zone: run.zone) }
            }
        }
    }
}
