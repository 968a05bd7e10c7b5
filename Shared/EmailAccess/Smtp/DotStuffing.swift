/// Makes a message's bytes fit for DATA (RFC 5321 4.5.2 and 2.3.8): lines end with CR LF, and a dot at a line's
/// beginning is doubled. Works on pieces of any size.
package struct DotStuffing: Sendable {
    private var isLineStart = true
    private var last: UInt8 = 0

    /// Nothing has been sent yet.
    package init() {}

    /// The next piece, as it is sent.
    package mutating func stuffed(_ piece: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(piece.underestimatedCount + 64)
        for byte in piece {
            // A carriage return alone is not allowed either.
            if last == 13, byte != 10 {
                result.append(10)
                isLineStart = true
            }
            if byte == 10, last != 13 { result.append(13) }
            if isLineStart, byte == UInt8(ascii: ".") { result.append(byte) }
            result.append(byte)
            isLineStart = byte == 10
            last = byte
        }
        return result
    }

    /// What ends the message.
    package mutating func end() -> [UInt8] {
        defer { self = DotStuffing() }
        let closing: [UInt8] = last == 13 ? [10] : (isLineStart ? [] : [13, 10])
        return closing + Array(".\r\n".utf8)
    }
}
