/// What is done to a text before anybody sees it.
enum PlainText {
    /// Line ends as LF.
    static func withUnixLineEnds(_ text: String) -> String {
        var text = text
        guard ByteSearch.contains(text, [carriageReturn]) else { return text }
        return text.withUTF8 { bytes in
            String(unsafeUninitializedCapacity: bytes.count) { result in
                var count = 0
                var wasReturn = false
                for byte in bytes {
                    // A return counts as the end of a line, the line feed behind it for nothing.
                    if !(wasReturn && byte == lineFeed) {
                        result[count] = byte == carriageReturn ? lineFeed : byte
                        count += 1
                    }
                    wasReturn = byte == carriageReturn
                }
                return count
            }
        }
    }

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    /// The longest beginning of at most `limit` UTF-8 bytes that does not cut a character.
    static func beginning(_ text: String, limit: Int) -> (text: String, isCut: Bool) {
        guard text.utf8.count > limit else { return (text, false) }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return (String(text[..<end]), true)
    }

    /// Without blank lines at both ends and blanks at line ends of the last line.
    static func trimmed(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var rest = bytes[...]
            while rest.first == lineFeed { rest.removeFirst() }
            while let last = rest.last, [lineFeed, UInt8(ascii: " "), UInt8(ascii: "\t")].contains(last) {
                rest.removeLast()
            }
            return String(decoding: rest, as: UTF8.self)
        }
    }

    /// Undoes `format=flowed` (RFC 3676): a line that ends in a space goes on in the next one of the same quote depth.
    static func unflowed(_ text: String, deletesSpace: Bool) -> String {
        var result = ""
        var open: (depth: Int, isFlowing: Bool)?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let depth = line.prefix { $0 == ">" }.count
            var content = line.dropFirst(depth)
            if content.first == " " { content = content.dropFirst() }
            let isSignature = content == "-- "
            if let before = open, before.isFlowing, before.depth == depth, !isSignature {
                if deletesSpace { result.removeLast() }
            } else {
                if open != nil { result += "\n" }
                if depth > 0 { result += String(repeating: ">", count: depth) + " " }
            }
            result += content
            open = (depth, content.last == " " && !isSignature)
        }
        return result
    }

    /// One line for a header's value: controls and line ends become spaces, blanks at the ends go, at most `limit`
    /// bytes.
    static func line(_ text: String, limit: Int = 4_096) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value || 0x2028...0x2029 ~= scalar.value
            scalars.append(isControl ? " " : scalar)
        }
        var rest = Substring(String(scalars))
        while rest.first == " " { rest = rest.dropFirst() }
        while rest.last == " " { rest = rest.dropLast() }
        return beginning(String(rest), limit: limit).text
    }
}
