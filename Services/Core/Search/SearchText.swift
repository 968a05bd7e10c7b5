import Domain

/// Words and queries as PostgreSQL writes them. Words have letters, digits, `:` and `_` only, so quotes are enough.
extension SearchTerms {
    /// A `tsvector`: each word with its places and their zones.
    var vector: String {
        var places: [String: [String]] = [:]
        for entry in entries { places[entry.text, default: []].append("\(entry.place)\(entry.zone.letter)") }
        // At most 256 places of a word are kept; the first ones.
        return places.map { "'\($0.key)':\($0.value.prefix(255).joined(separator: ","))" }.joined(separator: " ")
    }
}

extension SearchZone {
    /// The weight that stands for the zone in a `tsvector`.
    var letter: String {
        switch self {
        case .captureId: "A"
        case .subject: "B"
        case .attributes: "C"
        case .messages: "D"
        }
    }
}

extension SearchQuery {
    /// A `tsquery` for all terms, within these zones.
    func condition(in zones: Set<SearchZone>) -> String {
        terms.map { ($0.isExcluded ? "!" : "") + "(\($0.condition(in: zones)))" }.joined(separator: " & ")
    }

    /// What a term that must occur counts, zone by zone.
    func scores(in zones: Set<SearchZone>) -> [(condition: String, weight: Int32)] {
        wanted.flatMap { term in
            SearchZone.allCases.filter(zones.contains).compactMap { zone in
                term.canBe(in: zone) ? (term.condition(in: [zone]), Int32(zone.weight)) : nil
            }
        }
    }
}

extension SearchQuery.Term {
    func canBe(in zone: SearchZone) -> Bool {
        switch (field, zone) {
        case (nil, _), (_, .attributes): true
        case ("captureid", .captureId), ("subject", .subject), ("text", .messages), ("from", .messages),
            ("to", .messages):
            true
        default: false
        }
    }

    /// A `tsquery` for the term, within these zones.
    func condition(in zones: Set<SearchZone>) -> String {
        let letters = zones.count == SearchZone.allCases.count ? "" : zones.map(\.letter).sorted().joined()
        guard let field else { return phrase(letters, "") }
        let named = phrase(letters, field + ":")
        guard field == "text", zones.contains(.messages) else { return named }
        return "\(phrase(SearchZone.messages.letter, "")) | \(named)"
    }

    private func phrase(_ letters: String, _ prefix: String) -> String {
        words.enumerated().map { index, word in
            let suffix = (isPrefix && index == words.count - 1 ? "*" : "") + letters
            return "'\(prefix)\(word)'" + (suffix.isEmpty ? "" : ":\(suffix)")
        }.joined(separator: " <-> ")
    }
}
