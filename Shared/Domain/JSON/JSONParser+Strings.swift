extension JSONParser {
    /// Reads a string from its opening quote past its closing one.
    mutating func string() throws(JSONError) -> String {
        let start = position + 1
        var end = start
        var seen: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            if byte == Ascii.quote {
                position = end + 1
                let run = UnsafeBufferPointer(rebasing: bytes[start..<end])
                return seen < 0x80 ? String(decoding: run, as: UTF8.self) : try validated(run, start: start)
            }
            if byte == Ascii.backslash { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw rawControlCharacter(byte, at: end) }
            seen |= byte
            end += 1
        }
        position = bytes.count
        throw unexpected("the closing quote of a string")
    }

    /// The slow way, taken when there is an escape: builds the text byte by byte.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        position = start
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case Ascii.quote:
                position += 1
                return try text.withUnsafeBufferPointer { (run) -> Result<String, JSONError> in
                    Result { () throws(JSONError) in try validated(run, start: start) }
                }.get()
            case Ascii.backslash:
                try escape(into: &text)
            case 0..<0x20:
                throw rawControlCharacter(byte, at: position)
            default:
                text.append(byte)
                position += 1
            }
        }
        throw unexpected("the closing quote of a string")
    }

    private func validated(_ run: UnsafeBufferPointer<UInt8>, start: Int) throws(JSONError) -> String {
        guard let text = String(validating: run, as: UTF8.self) else {
            throw JSONError(
                .invalidUTF8, offset: start, message: "The string that starts here is not UTF-8; send UTF-8.")
        }
        return text
    }

    private func rawControlCharacter(_ byte: UInt8, at offset: Int) -> JSONError {
        guard byte != 0 else { return nullCharacter(at: offset) }
        return JSONError(
            .controlCharacter, offset: offset, message: "A control character stands in a string; escape it.")
    }

    private func nullCharacter(at offset: Int) -> JSONError {
        JSONError(
            .nullCharacter, offset: offset, message: "A string holds the character U+0000; leave it out.")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        let letter = peek
        position += 1
        switch letter {
        case Ascii.quote, Ascii.backslash, UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar(from: start)).utf8)
        default:
            throw JSONError(
                .invalidEscape, offset: start,
                message: "After a backslash only \" \\ / b f n r t and u with four hex digits may stand.")
        }
    }

    /// The scalar of one `\u` escape, or of the two that make a surrogate pair.
    private mutating func scalar(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try codeUnit(from: start)
        guard unit != 0 else { throw nullCharacter(at: start) }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == Ascii.backslash,
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw loneSurrogate(at: start) }
        position += 2
        let low = try codeUnit(from: start)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw loneSurrogate(at: start) }
        return scalar
    }

    private func loneSurrogate(at offset: Int) -> JSONError {
        JSONError(
            .loneSurrogate, offset: offset,
            message: "A surrogate (\\ud800 to \\udfff) stands alone; send both halves or none.")
    }

    private mutating func codeUnit(from start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(peek) else {
                throw JSONError(
                    .invalidEscape, offset: start, message: "After \\u four hexadecimal digits must stand.")
            }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    private func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case Ascii.zero...Ascii.nine: UInt32(byte - Ascii.zero)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
