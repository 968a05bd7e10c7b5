/// Cuts an IMAP server's bytes into responses (RFC 3501 2.2.2 and 4.3), with the literals of message bodies handed out
/// in pieces as they arrive. A pure state machine: bytes in, events out.
package struct ImapFraming: Sendable {
    /// What was found.
    package enum Event: Sendable, Equatable {
        /// A whole response line.
        case line(ImapLine)
        /// A body of so many bytes begins; its place in the line is kept.
        case bodyBegins(size: Int)
        /// The next bytes of the body.
        case body(ArraySlice<UInt8>)
        /// The body is complete.
        case bodyEnds
    }

    /// A literal that is not a body may have so many bytes.
    package static let largestInline = 1 << 20
    /// A line may have so many bytes, its inline literals included: a search that finds a million messages.
    package static let longestLine = 16 << 20

    private enum State: Sendable {
        case line
        case inline(left: Int)
        case body(left: Int)
        case bodyDone
    }

    /// Nothing has arrived yet.
    package init() {}

    private var bytes: [UInt8] = []
    private var start = 0
    private var scanned = 0
    private var state = State.line
    private var line = ImapLine()
    private var lineSize = 0

    /// Takes bytes that arrived. What ``next()`` gave before must not be held any more, else the bytes are copied.
    package mutating func append(_ new: some Collection<UInt8>) {
        compact()
        bytes.append(contentsOf: new)
    }

    /// Lets `append` put bytes that arrived at the end of the buffer.
    mutating func fill<Result>(
        _ append: (inout [UInt8]) throws(EmailAccessError) -> Result
    ) throws(EmailAccessError) -> Result {
        compact()
        return try append(&bytes)
    }

    private mutating func compact() {
        guard start > 0, start == bytes.count || start > 131_072 else { return }
        bytes.removeSubrange(..<start)
        scanned = max(0, scanned - start)
        start = 0
    }

    /// The next event; nil until more bytes arrive.
    /// - Throws: ``EmailAccessError/Code/protocolViolation``.
    package mutating func next() throws(EmailAccessError) -> Event? {
        while true {
            switch state {
            case .line:
                guard let end = nextLineEnd() else {
                    guard lineSize + bytes.count - start <= Self.longestLine else { throw Self.tooLong }
                    return nil
                }
                if let event = try take(until: end) { return event }
            case .inline(let left):
                guard bytes.count - start >= left else { return nil }
                line.literals.append(.bytes(Array(bytes[start..<start + left])))
                advance(left)
                state = .line
            case .body(let left):
                let count = min(left, bytes.count - start)
                guard count > 0 else { return nil }
                let piece = bytes[start..<start + count]
                advance(count)
                state = count == left ? .bodyDone : .body(left: left - count)
                return .body(piece)
            case .bodyDone:
                state = .line
                return .bodyEnds
            }
        }
    }

    private mutating func advance(_ count: Int) {
        start += count
        scanned = start
    }

    private mutating func nextLineEnd() -> Int? {
        let found = bytes[max(start, scanned)...].firstIndex(of: 10)
        scanned = found ?? bytes.count
        return found
    }

    /// Takes a piece of line that ends before the line feed at `end`.
    private mutating func take(until end: Int) throws(EmailAccessError) -> Event? {
        var text = bytes[start..<end]
        if text.last == 13 { text = text.dropLast() }
        lineSize += text.count
        guard lineSize <= Self.longestLine else { throw Self.tooLong }
        let literal = Self.literal(text)
        let isBody = literal.map { line.isFetch(with: text) && Self.isBodySection(text[..<$0.begin]) } ?? false
        for byte in text[..<(literal?.begin ?? text.endIndex)] {
            line.text.append(byte == 0 ? UInt8(ascii: "?") : byte)
        }
        advance(end + 1 - start)
        guard let literal else {
            defer {
                line = ImapLine()
                lineSize = 0
            }
            return .line(line)
        }
        line.text.append(ImapLine.literalMark)
        if isBody {
            line.literals.append(.body)
            state = literal.size == 0 ? .bodyDone : .body(left: literal.size)
            return .bodyBegins(size: literal.size)
        }
        guard literal.size <= Self.largestInline else { throw Self.tooLong }
        lineSize += literal.size
        guard lineSize <= Self.longestLine else { throw Self.tooLong }
        state = .inline(left: literal.size)
        return nil
    }

    /// The size in `{123}` or `{123+}` (or `~{123}`) at the end of a text.
    private static func literal(_ text: ArraySlice<UInt8>) -> (begin: Int, size: Int)? {
        guard text.last == UInt8(ascii: "}") else { return nil }
        var index = text.index(before: text.index(before: text.endIndex))
        if index >= text.startIndex, text[index] == UInt8(ascii: "+") { index -= 1 }
        var size = 0
        var factor = 1
        var digits = 0
        while index >= text.startIndex, case let byte = text[index], (48...57).contains(byte), digits < 12 {
            size += Int(byte - 48) * factor
            factor *= 10
            digits += 1
            index -= 1
        }
        guard digits > 0, index >= text.startIndex, text[index] == UInt8(ascii: "{") else { return nil }
        if index > text.startIndex, text[index - 1] == UInt8(ascii: "~") { index -= 1 }
        return (index, size)
    }

    /// Whether the text before a literal names a body section, `BODY[…]` or `RFC822`.
    private static func isBodySection(_ text: ArraySlice<UInt8>) -> Bool {
        var text = text
        while text.last == UInt8(ascii: " ") { text = text.dropLast() }
        return text.last == UInt8(ascii: "]") || text.last == UInt8(ascii: ">")
            || text.suffix(6).elementsEqual("RFC822".utf8)
    }

    private static let tooLong = EmailAccessError(
        .protocolViolation, "The mail server sent a line that is longer than any that makes sense.")
}

/// One response, in the server's own text: each literal stands as a mark in the text.
package struct ImapLine: Sendable, Equatable {
    /// Stands in the text where a literal was; no other byte of the text is 0.
    package static let literalMark: UInt8 = 0

    /// What a literal was.
    package enum Literal: Sendable, Equatable {
        /// Its bytes.
        case bytes([UInt8])
        /// A body that was handed out in pieces.
        case body
    }

    /// The text without its end.
    package var text: [UInt8] = []
    /// The literals, in order of their marks.
    package var literals: [Literal] = []

    /// Makes a line.
    package init(text: [UInt8] = [], literals: [Literal] = []) {
        self.text = text
        self.literals = literals
    }

    /// Whether the line, continued with `more`, is `* 12 FETCH …`: the only response that has bodies.
    func isFetch(with more: ArraySlice<UInt8>) -> Bool {
        let begin = text.isEmpty ? Array(more.prefix(32)) : Array(text.prefix(32))
        let words = begin.split(separator: UInt8(ascii: " "), maxSplits: 3)
        guard words.count >= 3, words[0].elementsEqual("*".utf8) else { return false }
        return words[2].map { $0 & 0xdf }.elementsEqual("FETCH".utf8)
    }
}
