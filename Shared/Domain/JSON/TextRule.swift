/// Which texts a member takes.
public struct TextRule: Sendable, Hashable {
    /// Bytes in UTF-8.
    public var bytes: ClosedRange<Int>
    /// Whether line breaks and tabs may occur.
    public var multiline: Bool
    /// Whether a slash may occur; it separates the parts of an address.
    public var slashes: Bool

    /// A rule; the defaults are those of an identifier.
    public init(bytes: ClosedRange<Int>, multiline: Bool = false, slashes: Bool = true) {
        self.bytes = bytes
        self.multiline = multiline
        self.slashes = slashes
    }

    /// The source's own number of an item: 1 to 200 bytes on one line.
    public static let captureId = TextRule(bytes: 1...200)
    /// A name in a configuration: 1 to 100 bytes on one line.
    public static let name = TextRule(bytes: 1...100)
    /// A name that people read, or that others chose: 1 to 200 bytes on one line.
    public static let longName = TextRule(bytes: 1...200)
    /// A name that is also part of an address, so that it takes no slash.
    public static let pathName = TextRule(bytes: 1...100, slashes: false)
    /// What a person gives as reason: up to 2,000 bytes, line breaks allowed.
    public static let reason = TextRule(bytes: 0...2000, multiline: true)

    /// What is wrong with the text, or nil.
    ///
    /// Printable means: no control characters, no line or paragraph separators, no blank at either end
    /// of a single line. Invisible and unassigned characters are the sender's business.
    public func problem(with text: String) -> String? {
        let count = text.utf8.count
        guard bytes.contains(count) else { return "Expected \(expectation), found \(count) bytes." }
        var hasControl = false
        var hasSlash = false
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7F { hasControl = hasControl || !(multiline && Self.isLayout(byte)) }
            if byte == UInt8(ascii: "/") { hasSlash = true }
        }
        // U+0080 to U+009F, U+2028 and U+2029 need a look at the scalars; plain ASCII does not.
        if !hasControl, !text.utf8.allSatisfy({ $0 < 0x80 }) {
            hasControl = text.unicodeScalars.contains {
                (0x80...0x9F).contains($0.value) || (!multiline && (0x2028...0x2029).contains($0.value))
            }
        }
        if hasControl { return "Expected \(expectation), found a control character." }
        if hasSlash, !slashes { return "Expected \(expectation), found a slash." }
        if !multiline, text.utf8.first == 0x20 || text.utf8.last == 0x20 {
            return "Expected \(expectation), found a blank at its start or end."
        }
        return nil
    }

    private var expectation: String {
        "printable text of \(bytes.lowerBound) to \(bytes.upperBound) bytes" + (slashes ? "" : " without a slash")
    }

    private static func isLayout(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0x09 }
}
