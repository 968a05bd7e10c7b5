/// Writes commands in the wire format: `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`.
///
/// Encoding happens in the caller's task, so that a connection's thread only copies and sends.
enum RedisCommandEncoding {
    static func append(_ command: [RedisArgument], to output: inout [UInt8]) {
        appendHeader(UInt8(ascii: "*"), command.count, to: &output)
        for argument in command { append(argument, to: &output) }
    }

    static func append(_ argument: RedisArgument, to output: inout [UInt8]) {
        switch argument {
        case .string(var text):
            text.withUTF8 { appendBulk($0, to: &output) }
        case .bytes(let bytes):
            bytes.withUnsafeBufferPointer { appendBulk($0, to: &output) }
        case .integer(let value):
            withDecimal(value) { appendBulk($0, to: &output) }
        }
    }

    private static func appendBulk(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        appendHeader(UInt8(ascii: "$"), bytes.count, to: &output)
        output.append(contentsOf: bytes)
        appendLineEnd(to: &output)
    }

    private static func appendHeader(_ kind: UInt8, _ count: Int, to output: inout [UInt8]) {
        output.append(kind)
        if count < 10 {
            output.append(UInt8(ascii: "0") + UInt8(count))
        } else {
            withDecimal(Int64(count)) { output.append(contentsOf: $0) }
        }
        appendLineEnd(to: &output)
    }

    private static func appendLineEnd(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\r"))
        output.append(UInt8(ascii: "\n"))
    }

    private static func withDecimal(_ value: Int64, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var start = 20
            var rest = value.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            body(UnsafeBufferPointer(rebasing: digits[start..<20]))
        }
    }
}
