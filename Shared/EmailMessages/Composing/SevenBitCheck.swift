/// Whether a file can stand in a message as it is.
enum SevenBitCheck {
    /// Whether all bytes are ASCII without NUL and lone CR, in lines of at most 990 bytes.
    static func isSafe(path: String) throws(EmailMessageError) -> Bool {
        let file = try InputFile(path: path)
        var offset = 0
        var length = 0
        var wasReturn = false
        while true {
            let bytes = try file.read(at: offset, count: 65_536)
            if bytes.isEmpty { return !wasReturn }
            for byte in bytes {
                if byte == 0 || byte >= 0x80 { return false }
                if byte == UInt8(ascii: "\n") {
                    length = 0
                } else if wasReturn {
                    return false
                } else {
                    length += 1
                }
                wasReturn = byte == UInt8(ascii: "\r")
                if length > 990 { return false }
            }
            offset += bytes.count
        }
    }
}
