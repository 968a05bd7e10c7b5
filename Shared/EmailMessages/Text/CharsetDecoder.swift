import Glibc

/// Text from bytes in any charset; what cannot be read becomes U+FFFD, and so does U+0000.
enum CharsetDecoder {
    /// The text, and what was wrong with it.
    struct Decoded {
        var text: String
        var problem: EmailProblem?
    }

    /// Reads the bytes as text in the charset of that name, or as what they look like when it says nothing.
    ///
    /// - Parameter isCut: whether the bytes end where a limit cut them, so that half a character at the end is no
    ///   problem and is left out.
    static func decode(_ bytes: [UInt8], charset: String?, isCut: Bool = false) -> Decoded {
        let bytes = isCut ? withoutHalfCharacter(bytes) : bytes[...]
        let label = charset ?? ""
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return decodeUTF8(bytes.dropFirst(3)) }
        if CharsetNames.isUTF8(label) { return decodeUTF8(bytes) }
        if bytes.starts(with: [0xFF, 0xFE]), CharsetNames.isSilent(label) {
            return convert(bytes.dropFirst(2), from: "UTF-16LE") ?? guess(bytes)
        }
        if CharsetNames.isSilent(label) { return guess(bytes) }
        let name = CharsetNames.iconvName(label)
        if name == CharsetNames.hz, let converted = convert(withoutHZ(bytes)[...], from: "GB18030") { return converted }
        if let converted = convert(bytes, from: name) { return converted }
        var guessed = guess(bytes)
        guessed.problem = .unknownCharset
        return guessed
    }

    private static func decodeUTF8(_ bytes: ArraySlice<UInt8>) -> Decoded {
        let text = String(decoding: bytes, as: UTF8.self)
        // repairing adds characters; a valid text has as many bytes as were given
        let isWhole = text.utf8.count == bytes.count && !bytes.contains(0)
        return Decoded(text: withoutNUL(text), problem: isWhole ? nil : .brokenCharset)
    }

    /// UTF-8 if the bytes are that (hardly anything else is by chance), else windows-1252.
    private static func guess(_ bytes: ArraySlice<UInt8>) -> Decoded {
        if let text = String(validating: bytes, as: UTF8.self) {
            return Decoded(text: withoutNUL(text), problem: bytes.contains(0) ? .brokenCharset : nil)
        }
        return convert(bytes, from: "CP1252") ?? decodeUTF8(bytes)
    }

    private static func withoutNUL(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == "\0" ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }

    /// HZ (RFC 1843) as GB 2312 in 8 bits: between `~{` and `~}` each byte lacks its highest bit.
    private static func withoutHZ(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var isChinese = false
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~"), let next = rest.first else {
                if byte == UInt8(ascii: "\n") { isChinese = false }
                result.append(isChinese && byte > 0x20 ? byte | 0x80 : byte)
                continue
            }
            switch next {
            case UInt8(ascii: "{"): isChinese = true
            case UInt8(ascii: "}"): isChinese = false
            case UInt8(ascii: "~"): result.append(byte)
            case UInt8(ascii: "\n"): break
            default:
                result.append(isChinese ? byte | 0x80 : byte)
                continue
            }
            rest.removeFirst()
        }
        return result
    }

    /// Drops the beginning of a UTF-8 sequence at the end.
    private static func withoutHalfCharacter(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var end = bytes.count
        while end > 0, bytes.count - end < 3, bytes[end - 1] & 0xC0 == 0x80 { end -= 1 }
        guard end > 0, bytes[end - 1] >= 0xC0 else { return bytes[...] }
        let lead = bytes[end - 1]
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        return bytes.count - end + 1 < length ? bytes[..<(end - 1)] : bytes[...]
    }

    /// The text by iconv, or nil when it does not know the charset.
    private static func convert(_ bytes: ArraySlice<UInt8>, from name: String) -> Decoded? {
        guard !name.isEmpty, let converter = iconv_open("UTF-8", name), Int(bitPattern: converter) != -1 else {
            return nil
        }
        defer { iconv_close(converter) }
        var input = Array(bytes).map { CChar(bitPattern: $0) }
        var output: [UInt8] = []
        output.reserveCapacity(input.count + input.count / 2)
        var isBroken = false
        input.withUnsafeMutableBufferPointer { source in
            var next = source.baseAddress
            var left = source.count
            while left > 0 {
                let code = step(converter, &next, &left, into: &output)
                guard code == EILSEQ || code == EINVAL else { continue }
                // one byte that means nothing: a replacement, and on behind it
                isBroken = true
                output.append(contentsOf: [0xEF, 0xBF, 0xBD])
                next = next.map { $0 + 1 }
                left -= 1
            }
            var none: UnsafeMutablePointer<CChar>?
            var nothing = 0
            _ = step(converter, &none, &nothing, into: &output)
        }
        let text = String(decoding: output, as: UTF8.self)
        return Decoded(text: withoutNUL(text), problem: isBroken || output.contains(0) ? .brokenCharset : nil)
    }

    /// Converts until the input ends or fails; returns errno's value, 0 at the end.
    private static func step(
        _ converter: iconv_t, _ next: inout UnsafeMutablePointer<CChar>?, _ left: inout Int, into output: inout [UInt8]
    ) -> Int32 {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
            while true {
                var target = buffer.baseAddress
                var room = buffer.count
                let isFlush = next == nil
                let result =
                    isFlush
                    ? iconv(converter, nil, nil, &target, &room) : iconv(converter, &next, &left, &target, &room)
                let code = result == -1 ? errno : 0
                for byte in buffer[..<(buffer.count - room)] { output.append(UInt8(bitPattern: byte)) }
                guard code == E2BIG else { return code }
            }
        }
    }
}
