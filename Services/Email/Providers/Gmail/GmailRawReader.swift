/// Reads Gmail's `users.messages.get?format=raw` as it comes: the message is one base64url string in a JSON object, and
/// is written out decoded, so that no great one is held in memory.
package struct GmailRawReader {
    private enum State {
        case structure
        /// In a string that matters not.
        case skipping
        case key
        case value
        case raw
    }

    /// Short members of the object: texts and numbers as they stand.
    package private(set) var members: [String: String] = [:]
    private var state = State.structure
    private var depth = 0
    private var expectsKey = false
    private var isEscaped = false
    private var key: [UInt8] = []
    private var value: [UInt8] = []
    private var bits: UInt32 = 0
    private var bitCount = 0

    /// Nothing read yet.
    package init() {}

    /// Takes the next bytes and gives what they decode to, perhaps nothing.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        for byte in bytes {
            switch state {
            case .structure: structure(byte)
            case .skipping, .key, .value:
                if isEscaped {
                    isEscaped = false
                    append(byte)
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    end()
                } else {
                    append(byte)
                }
            case .raw:
                if byte == UInt8(ascii: "\"") {
                    state = .structure
                } else {
                    decode(byte, into: &decoded)
                }
            }
        }
        return decoded
    }

    private mutating func structure(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            expectsKey = depth == 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            keepNumber()
            depth -= 1
        case UInt8(ascii: ","):
            keepNumber()
            if depth == 1 { expectsKey = true }
        case UInt8(ascii: ":"): if depth == 1 { expectsKey = false }
        case UInt8(ascii: "\""):
            guard depth == 1 else {
                state = .skipping
                return
            }
            state = expectsKey ? .key : key.elementsEqual("raw".utf8) ? .raw : .value
            if expectsKey { key = [] }
            value = []
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): if depth == 1, !expectsKey { value.append(byte) }
        default: break
        }
    }

    private mutating func append(_ byte: UInt8) {
        if state == .key, key.count < 64 { key.append(byte) }
        if state == .value, value.count < 64 { value.append(byte) }
    }

    private mutating func end() {
        if state == .value { members[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self) }
        if state != .skipping { value = [] }
        state = .structure
    }

    private mutating func keepNumber() {
        guard depth == 1, !value.isEmpty else { return }
        members[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        value = []
    }

    private mutating func decode(_ byte: UInt8, into decoded: inout [UInt8]) {
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"), UInt8(ascii: "+"): digit = 62
        case UInt8(ascii: "_"), UInt8(ascii: "/"): digit = 63
        default: return
        }
        bits = bits << 6 | UInt32(digit)
        bitCount += 6
        guard bitCount >= 8 else { return }
        bitCount -= 8
        decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
    }
}
