import Domain

/// A customer as messages name one: a whole JSON text equal to the name, or the customer attribute with that number.
/// Part of a longer text names somebody else.
struct CustomerName: Sendable {
    let text: String
    /// The tenant's `customerAttribute`.
    let attribute: String

    /// How a JSON text holds the name, when it escapes no more than it must.
    var escaped: String { String(JSONValue.string(text).text.dropFirst().dropLast()) }

    /// Whether a command names the customer in its content; of what is no JSON, anywhere.
    func isNamed(inMessage bytes: [UInt8]) -> Bool {
        guard let message = try? JSONValue(parsing: bytes) else {
            // A quote too many or too few turns texts inside out from there on, so both readings count.
            let second = bytes.firstIndex(of: Self.quote).map { bytes[($0 + 1)...] } ?? []
            return isToken(of: bytes[...]) || isToken(of: second)
        }
        return isNamed(in: message["data"] ?? message)
    }

    func isNamed(in value: JSONValue) -> Bool { isToken(of: value.bytes[...]) }

    private static let quote = UInt8(ascii: "\"")
    private static let numeric = Set("+-.0123456789Ee".utf8)

    /// Reads token by token and needs no valid JSON around them.
    private func isToken(of bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        /// Whether the value of the customer attribute comes next.
        var isAttribute = false
        while let first = rest.first {
            if first == Self.quote {
                guard let literal = Self.literal(&rest) else { return false }
                let isName = rest.first { !Self.isSpace($0) } == UInt8(ascii: ":")
                isAttribute = isName && literal == attribute
                if !isName, literal == text { return true }
            } else if Self.numeric.contains(first) {
                let number = rest.prefix { Self.numeric.contains($0) }
                if isAttribute, number.elementsEqual(text.utf8) { return true }
                rest = rest.dropFirst(number.count)
            } else {
                if first != UInt8(ascii: ":"), !Self.isSpace(first) { isAttribute = false }
                rest = rest.dropFirst()
            }
        }
        return false
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
