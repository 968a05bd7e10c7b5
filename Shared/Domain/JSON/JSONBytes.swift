/// The scalars of JSON, appended to bytes.
extension [UInt8] {
    mutating func appendText(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func appendJSON(_ integer: Int64) {
        if integer >= 0, integer < 10 {
            append(Ascii.zero + UInt8(truncatingIfNeeded: integer))
            return
        }
        var magnitude = integer.magnitude
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            repeat {
                start -= 1
                digits[start] = Ascii.zero + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            if integer < 0 { append(Ascii.minus) }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    mutating func appendJSON(_ number: Double) {
        guard number.isFinite else { return appendText("null") }
        append(contentsOf: number.description.utf8)
    }

    /// Appends the text in quotes, with the escapes that JSON demands and no others.
    mutating func appendJSON(_ text: String) {
        append(Ascii.quote)
        let written: Void? = text.utf8.withContiguousStorageIfAvailable { appendEscaped($0) }
        if written == nil { Array(text.utf8).withUnsafeBufferPointer { appendEscaped($0) } }
        append(Ascii.quote)
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for (index, byte) in text.enumerated()
        where byte < 0x20 || byte == Ascii.quote || byte == Ascii.backslash {
            append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            appendEscape(byte)
            start = index + 1
        }
        append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }

    private mutating func appendEscape(_ byte: UInt8) {
        switch byte {
        case Ascii.quote: appendText("\\\"")
        case Ascii.backslash: appendText("\\\\")
        case 0x0A: appendText("\\n")
        case 0x0D: appendText("\\r")
        case 0x09: appendText("\\t")
        default:
            appendText("\\u00")
            append(byte < 0x10 ? Ascii.zero : Ascii.zero + 1)
            let digit = byte & 0x0F
            append(digit < 10 ? Ascii.zero + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
