/// What a query finds in a document.
public struct SearchMatch: Sendable, Hashable {
    /// A part with the places that were found.
    public struct Found: Sendable, Hashable {
        /// The part.
        public var part: SearchDocument.Part
        /// The places in its text, in order and apart.
        public var ranges: [Range<String.Index>]
    }

    /// The sum of the zones' weights over the terms that occur in them.
    public var score: Int
    /// The parts that hold what was wanted, the most telling first.
    public var found: [Found]

    /// Compares a document with a query; nil when it is not what is looked for.
    ///
    /// An index says where to look; this says what is there. So nobody sees what an index knew of an item before it was
    /// changed or erased.
    /// - Parameter zones: those that the caller may look into.
    public init?(_ query: SearchQuery, in document: SearchDocument, zones: Set<SearchZone> = Set(SearchZone.allCases)) {
        guard !query.terms.isEmpty else { return nil }
        let occurrences = document.occurrences()
        var ranges = [[Range<String.Index>]](repeating: [], count: document.parts.count)
        score = 0
        for term in query.terms {
            var seen: Set<SearchZone> = []
            for (index, part) in document.parts.enumerated() where zones.contains(part.zone) && term.looks(into: part) {
                let found = term.places(in: occurrences[index].words, first: term.isExcluded)
                if found.isEmpty { continue }
                seen.insert(part.zone)
                if !term.isExcluded { ranges[index] += found }
            }
            if term.isExcluded != seen.isEmpty { return nil }
            if !term.isExcluded { score += seen.reduce(0) { $0 + $1.weight } }
        }
        found = zip(document.parts, ranges).filter { !$0.1.isEmpty }.map {
            Found(part: $0.0, ranges: Self.apart($0.1))
        }.sorted { $0.part.zone.rawValue < $1.part.zone.rawValue }
    }

    private static func apart(_ ranges: [Range<String.Index>]) -> [Range<String.Index>] {
        var kept: [Range<String.Index>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = kept.last, range.lowerBound < last.upperBound {
                kept[kept.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                kept.append(range)
            }
        }
        return kept
    }
}

extension SearchQuery.Term {
    func looks(into part: SearchDocument.Part) -> Bool {
        guard let field else { return true }
        return part.key == field || (field == "text" && part.zone == .messages)
    }

    /// Where the term stands; only the first place when that is all that matters.
    func places(in words: [SearchWords.Occurrence], first: Bool) -> [Range<String.Index>] {
        guard words.count >= self.words.count, let last = self.words.last else { return [] }
        var found: [Range<String.Index>] = []
        for start in 0...(words.count - self.words.count) {
            let end = start + self.words.count - 1
            let word = words[end].word
            guard isPrefix ? word.hasPrefix(last) : word == last else { continue }
            guard (0..<(self.words.count - 1)).allSatisfy({ words[start + $0].word == self.words[$0] }) else {
                continue
            }
            found.append(words[start].range.lowerBound..<words[end].range.upperBound)
            if first { break }
        }
        return found
    }
}
