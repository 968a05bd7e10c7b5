/// A value of an IMAP response (RFC 3501 4).
package indirect enum ImapValue: Sendable, Equatable {
    /// An atom or number, as written: `BODY[HEADER.FIELDS (DATE)]` and `\Seen` are atoms too.
    case atom(String)
    /// A quoted string or a literal.
    case string([UInt8])
    /// A parenthesised list.
    case list([ImapValue])
    /// The body that was handed out in pieces; the first of a response is 0.
    case body(Int)
    /// NIL.
    case null

    /// Text of an atom or string.
    var text: String? {
        switch self {
        case .atom(let text): text
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .list, .body, .null: nil
        }
    }

    /// A number.
    var number: UInt64? { if case .atom(let text) = self { UInt64(text) } else { nil } }

    /// The elements of a list.
    var elements: [ImapValue]? { if case .list(let elements) = self { elements } else { nil } }
}

/// Reads the values of a line, one after another.
package struct ImapValueReader {
    private let line: ImapLine
    private var position: Int
    private var literal = 0
    private var body = 0

    /// Reads from a place in the line's text.
    package init(_ line: ImapLine, from position: Int = 0) {
        self.line = line
        self.position = position
        for _ in 0..<line.text[..<position].count(where: { $0 == ImapLine.literalMark }) { _ = takeLiteral() }
    }

    init(_ text: some StringProtocol) { self.init(ImapLine(text: Array(text.utf8))) }

    private var byte: UInt8? { position < line.text.count ? line.text[position] : nil }

    /// All values to the end of the line.
    package mutating func rest() throws(EmailAccessError) -> [ImapValue] {
        var values: [ImapValue] = []
        while let value = try next() { values.append(value) }
        return values
    }

    /// The next value; nil at the end of the line.
    mutating func next(depth: Int = 0) throws(EmailAccessError) -> ImapValue? {
        while byte == UInt8(ascii: " ") { position += 1 }
        guard let byte else { return nil }
        switch byte {
        case UInt8(ascii: "("): return try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try quoted())
        case ImapLine.literalMark:
            position += 1
            return takeLiteral()
        case UInt8(ascii: ")"): throw Self.malformed
        default: return try atom()
        }
    }

    private mutating func takeLiteral() -> ImapValue {
        guard literal < line.literals.count else { return .null }
        literal += 1
        switch line.literals[literal - 1] {
        case .bytes(let bytes): return .string(bytes)
        case .body:
            body += 1
            return .body(body - 1)
        }
    }

    private mutating func list(depth: Int) throws(EmailAccessError) -> ImapValue {
        guard depth < 32 else { throw Self.malformed }
        position += 1
        var elements: [ImapValue] = []
        while true {
            while byte == UInt8(ascii: " ") { position += 1 }
            if byte == UInt8(ascii: ")") {
                position += 1
                return .list(elements)
            }
            guard let element = try next(depth: depth + 1) else { throw Self.malformed }
            elements.append(element)
        }
    }

    private mutating func quoted() throws(EmailAccessError) -> [UInt8] {
        position += 1
        var bytes: [UInt8] = []
        while let byte {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return bytes
            case UInt8(ascii: "\\"):
                guard let escaped = self.byte else { throw Self.malformed }
                bytes.append(escaped)
                position += 1
            default: bytes.append(byte)
            }
        }
        throw Self.malformed
    }

    private mutating func atom() throws(EmailAccessError) -> ImapValue {
        let begin = position
        var brackets = 0
        loop: while let byte {
            switch byte {
            case UInt8(ascii: "["): brackets += 1
            case UInt8(ascii: "]") where brackets > 0: brackets -= 1
            case UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""):
                if brackets == 0 { break loop }
            case ImapLine.literalMark: break loop
            default: break
            }
            position += 1
        }
        guard position > begin else { throw Self.malformed }
        let text = String(decoding: line.text[begin..<position], as: UTF8.self)
        return text.uppercased() == "NIL" ? .null : .atom(text)
    }

    static let malformed = EmailAccessError(.protocolViolation, "The mail server sent a line that is not IMAP.")
}
