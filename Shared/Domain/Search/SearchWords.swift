import Foundation

/// How a text falls into the words that search compares.
///
/// Letters and digits make words, everything else parts them. Case, accents and compatibility forms do not count: `Malmö`,
/// `MALMO` and `ｍａｌｍö` are one word. There is no stemming: tenants write in many languages, and what was found should be
/// what was asked for. Scripts without blanks between words are taken character by character, so that a query finds them
/// as a phrase.
///
/// Both the text that is indexed and the query go through here, whichever index answers: so they agree.
public enum SearchWords {
    /// Bytes of a word that count; what a longer one has behind is not compared.
    public static let longest = 64

    /// A word and where it stands in the text.
    public struct Occurrence: Sendable, Hashable {
        /// The word as it is compared.
        public var word: String
        /// Where it stands.
        public var range: Range<String.Index>
    }

    /// The words in their order.
    public static func words(of text: String) -> [String] { occurrences(in: text, limit: .max).map(\.word) }

    /// At most `limit` words with their places.
    public static func occurrences(in text: String, limit: Int) -> [Occurrence] {
        var found: [Occurrence] = []
        let scalars = text.unicodeScalars
        var begin: String.Index?
        func end(at index: String.Index) {
            guard let first = begin else { return }
            begin = nil
            append(text[first..<index], to: &found)
        }
        var index = scalars.startIndex
        while index < scalars.endIndex, found.count < limit {
            let scalar = scalars[index]
            let next = scalars.index(after: index)
            if standsAlone(scalar) {
                end(at: index)
                append(text[index..<next], to: &found)
            } else if isPart(scalar) {
                if begin == nil { begin = index }
            } else {
                end(at: index)
            }
            index = next
        }
        if found.count < limit { end(at: index) }
        if found.count > limit { found.removeLast(found.count - limit) }
        return found
    }

    /// A field's name as it is compared: `Order No.` is `order_no`.
    public static func key(ofField name: String) -> String {
        var key = words(of: name).joined(separator: "_")
        if key.utf8.count > longest { key = cut(key) }
        return key
    }

    private static func append(_ run: Substring, to found: inout [Occurrence]) {
        let word = folded(run)
        if !word.isEmpty { found.append(Occurrence(word: word, range: run.startIndex..<run.endIndex)) }
    }

    private static func folded(_ run: Substring) -> String {
        if run.utf8.allSatisfy({ $0 < 0x80 }) {
            let bytes = run.utf8.prefix(longest).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            return String(decoding: bytes, as: UTF8.self)
        }
        var kept = String.UnicodeScalarView()
        for scalar in String(run).decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars
        where isPart(scalar) && scalar.properties.canonicalCombiningClass == .notReordered {
            kept.append(scalar)
        }
        return cut(String(kept))
    }

    private static func cut(_ word: String) -> String {
        guard word.utf8.count > longest else { return word }
        var end = word.utf8.index(word.startIndex, offsetBy: longest)
        while end.samePosition(in: word.unicodeScalars) == nil { end = word.utf8.index(before: end) }
        return String(word.unicodeScalars[..<end])
    }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0..<0x80: false
        default:
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
                .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
                true
            default: false
            }
        }
    }

    /// Scripts that are written without blanks.
    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x0E00: false
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xF900...0xFAFF, 0x20000...0x3FFFF:
            isPart(scalar) && scalar.properties.canonicalCombiningClass == .notReordered
        default: false
        }
    }
}
