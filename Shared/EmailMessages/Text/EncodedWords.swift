/// Encoded words of headers (RFC 2047), also those that are not quite right.
///
/// GMime 3.2.13 reads them too, but drops every word that follows one whose base64 ends in padding, as its own encoder
/// writes them; so they are read here.
enum EncodedWords {
    /// The text of a header: words decoded, blanks between two words left out, line folds as blanks.
    static func decode(_ raw: [UInt8]) -> String {
        pieces(raw).map { piece in
            switch piece {
            case .text(let text): text
            case .word(let text): text
            }
        }.joined()
    }

    /// A header whose encoded words are replaced by plain words, for a parser that only is to see the structure.
    struct Protected {
        /// The header without encoded words.
        private(set) var text = ""
        private var words: [(stand: String, word: String)] = []

        init(_ raw: [UInt8]) {
            let pieces = EncodedWords.pieces(raw)
            // a stand-in that occurs nowhere in the header
            var prefix = "mrword"
            while String(decoding: raw, as: UTF8.self).contains(prefix) { prefix += "q" }
            for piece in pieces {
                switch piece {
                case .text(let plain): text += plain
                case .word(let word):
                    let stand = "\(prefix)\(words.count)z"
                    words.append((stand, word))
                    text += stand
                }
            }
        }

        /// Puts the words back into a part of the header.
        func restored(_ part: String) -> String {
            words.reduce(part) { $0.contains($1.stand) ? $0.replacing($1.stand, with: $1.word) : $0 }
        }
    }

    private enum Piece {
        case text(String)
        case word(String)
    }

    private struct Word {
        var charset: String
        var isBase64: Bool
        /// As it is encoded: some programs split it between any two characters.
        var text: [UInt8]
        var end: Int

        var decoded: String {
            CharsetDecoder.decode(isBase64 ? base64(text) : quoted(text[...]), charset: charset).text
        }
    }

    private static func pieces(_ raw: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var open: Word?
        var index = 0
        func close() {
            if let word = open { pieces.append(.word(word.decoded)) }
            open = nil
            if !plain.isEmpty { pieces.append(.text(CharsetDecoder.decode(plain, charset: nil).text)) }
            plain = []
        }
        while index < raw.count {
            if raw[index] == UInt8(ascii: "="), let word = word(raw, at: index) {
                index = word.end
                let isNext = open != nil && plain.allSatisfy(isBlank)
                if isNext, open?.charset == word.charset, open?.isBase64 == word.isBase64 {
                    open?.text += word.text
                    plain = []
                    continue
                }
                if isNext { plain = [] }
                close()
                open = word
                continue
            }
            let byte = raw[index]
            if byte != UInt8(ascii: "\r"), byte != UInt8(ascii: "\n") { plain.append(byte) }
            index += 1
        }
        close()
        return pieces
    }

    /// The word that begins there: `=?charset?encoding?text?=`.
    private static func word(_ raw: [UInt8], at start: Int) -> Word? {
        guard start + 7 < raw.count, raw[start + 1] == UInt8(ascii: "?"),
            let name = raw[(start + 2)...].prefix(64).firstIndex(of: UInt8(ascii: "?")), name + 2 < raw.count,
            raw[name + 2] == UInt8(ascii: "?")
        else { return nil }
        let content = name + 3
        guard let end = endOfWord(raw, from: content) else { return nil }
        // a language may follow the charset (RFC 2231, section 5)
        let charset = String(decoding: raw[(start + 2)..<name].prefix { $0 != UInt8(ascii: "*") }, as: UTF8.self)
        guard !charset.isEmpty, !charset.contains(" ") else { return nil }
        let encoding = raw[name + 1] | 0x20
        guard encoding == UInt8(ascii: "b") || encoding == UInt8(ascii: "q") else { return nil }
        return Word(
            charset: charset.lowercased(), isBase64: encoding == UInt8(ascii: "b"), text: Array(raw[content..<end]),
            end: end + 2)
    }

    private static func endOfWord(_ raw: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < raw.count {
            if raw[index] == UInt8(ascii: "?"), raw[index + 1] == UInt8(ascii: "=") { return index }
            index += 1
        }
        return nil
    }

    private static func quoted(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "_") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "="), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else if byte != UInt8(ascii: "\r"), byte != UInt8(ascii: "\n") {
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// Base64 that may lack padding or have it in the middle; other characters are passed over.
    private static func base64(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var (value, bits): (UInt32, Int) = (0, 0)
        for byte in text {
            guard let digit = digit(byte) else {
                if byte == UInt8(ascii: "=") { bits = 0 }
                continue
            }
            value = value << 6 | UInt32(digit)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(bits)))
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
