import Domain

/// The texts and numbers of a message, each with the name that stands before it. Needs no valid JSON around them.
struct MessageTokens: Sequence, IteratorProtocol {
    struct Token {
        enum Content {
            case text(String)
            case number(String)
        }
        /// The member's name; nil for elements of a list.
        var name: String?
        var content: Content
    }

    private var rest: ArraySlice<UInt8>
    private var name: String?

    init(bytes: ArraySlice<UInt8>) { rest = bytes }

    /// What is no JSON can be read in two ways: a quote too many or too few turns texts inside out from there on.
    static func readings(of bytes: [UInt8]) -> [Self] {
        let second = bytes.firstIndex(of: quote).map { bytes[($0 + 1)...] } ?? []
        return [Self(bytes: bytes[...]), Self(bytes: second)]
    }

    /// The captureId of a command; of what is no JSON, all that are called so.
    static func captureIds(of bytes: [UInt8]) -> [String] {
        if let message = try? JSONValue(parsing: bytes) {
            return [(message["data"] ?? message)["captureId"]?.stringValue].compactMap { $0 }
        }
        return readings(of: bytes).flatMap { tokens in
            tokens.compactMap { token in
                guard token.name == "captureId", case .text(let id) = token.content else { return nil }
                return id
            }
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let numeric = Set("+-.0123456789Ee".utf8)

    mutating func next() -> Token? {
        while let first = rest.first {
            if first == Self.quote {
                guard let literal = Self.literal(&rest) else { break }
                if rest.first(where: { !Self.isSpace($0) }) == UInt8(ascii: ":") {
                    name = literal
                } else {
                    defer { name = nil }
                    return Token(name: name, content: .text(literal))
                }
            } else if Self.numeric.contains(first) {
                let number = rest.prefix { Self.numeric.contains($0) }
                rest = rest.dropFirst(number.count)
                return Token(name: name, content: .number(String(decoding: number, as: UTF8.self)))
            } else {
                if first != UInt8(ascii: ":"), !Self.isSpace(first) { name = nil }
                rest = rest.dropFirst()
            }
        }
        rest = []
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// The text that begins with a quote, without its escapes; empty when it is no valid text, nil when it does not end.
    private static func literal(_ rest: inout ArraySlice<UInt8>) -> String? {
        var end = rest.startIndex + 1
        while end < rest.endIndex, rest[end] != quote { end += rest[end] == UInt8(ascii: "\\") ? 2 : 1 }
        guard end < rest.endIndex else { return nil }
        let literal = rest[...end]
        rest = rest[(end + 1)...]
        return (try? JSONValue(parsing: literal))?.stringValue ?? ""
    }
}
