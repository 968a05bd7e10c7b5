/// A strict parser of one JSON text in memory. It reads each byte once, and refuses what PostgreSQL or
/// a reader further on could not take.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var position = 0
    private var elements = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parse() throws(JSONError) -> JSONValue {
        guard bytes.count <= limits.bytes else {
            throw failure(.tooLong, "The text has \(bytes.count) bytes; send at most \(limits.bytes).")
        }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw failure(.byteOrderMark, "The text starts with a byte order mark; send UTF-8 without one.")
        }
        skipSpace()
        let value = try readValue(depth: 0)
        skipSpace()
        guard position == bytes.count else {
            throw failure(.trailingContent, "There is more text after the value; send exactly one value.")
        }
        return value
    }

    private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
        elements += 1
        guard elements <= limits.elements else {
            throw failure(.tooManyElements, "The text holds more than \(limits.elements) values; send fewer.")
        }
        switch peek {
        case Ascii.quote: return .string(try string())
        case Ascii.openBrace: return try object(depth: depth + 1)
        case Ascii.openBracket: return try array(depth: depth + 1)
        case Ascii.minus, Ascii.zero...Ascii.nine: return try number()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        try enter(depth)
        var members: [(key: String, value: JSONValue)] = []
        var names: Set<String>?
        if peek == Ascii.closeBrace {
            position += 1
            return .object(JSONObject(uniqueMembers: members))
        }
        members.reserveCapacity(8)
        while true {
            let start = position
            guard peek == Ascii.quote else { throw unexpected("a member's name in double quotes") }
            let key = try string()
            guard isNew(key, in: members, &names) else {
                throw JSONError(
                    .duplicateKey, offset: start, message: "This name occurs twice in one object; send each once."
                ).inside(.key(key))
            }
            skipSpace()
            guard peek == Ascii.colon else { throw unexpected("a colon").inside(.key(key)) }
            position += 1
            skipSpace()
            do throws(JSONError) {
                members.append((key, try readValue(depth: depth)))
            } catch {
                throw error.inside(.key(key))
            }
            skipSpace()
            guard try anotherFollows(before: Ascii.closeBrace, "a comma or }") else { break }
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        try enter(depth)
        var values: [JSONValue] = []
        if peek == Ascii.closeBracket {
            position += 1
            return .array(values)
        }
        while true {
            do throws(JSONError) {
                values.append(try readValue(depth: depth))
            } catch {
                throw error.inside(.index(values.count))
            }
            skipSpace()
            guard try anotherFollows(before: Ascii.closeBracket, "a comma or ]") else { return .array(values) }
        }
    }

    /// Few names are compared one by one; from 17 on a set keeps an object of many names linear.
    private func isNew(
        _ key: String, in members: [(key: String, value: JSONValue)], _ names: inout Set<String>?
    ) -> Bool {
        if members.count < 16 { return !members.contains { $0.key == key } }
        if names == nil { names = Set(members.map(\.key)) }
        return names?.insert(key).inserted ?? true
    }

    private mutating func enter(_ depth: Int) throws(JSONError) {
        guard depth <= limits.depth else {
            throw failure(.tooDeep, "Lists and objects are nested more than \(limits.depth) deep; flatten them.")
        }
        position += 1
        skipSpace()
    }

    private mutating func anotherFollows(before end: UInt8, _ expected: String) throws(JSONError) -> Bool {
        let next = peek
        guard next == Ascii.comma || next == end else { throw unexpected(expected) }
        position += 1
        guard next == Ascii.comma else { return false }
        skipSpace()
        return true
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes.count - position >= word.utf8CodeUnitCount,
            (0..<word.utf8CodeUnitCount).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw unexpected("true, false or null") }
        position += word.utf8CodeUnitCount
        return value
    }
}

extension JSONParser {
    /// The next byte; 0, which is never valid, at the end.
    @inline(__always) var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    @inline(__always) mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    func failure(_ code: JSONError.Code, _ message: String) -> JSONError {
        JSONError(code, offset: position, message: message)
    }

    func unexpected(_ expected: String) -> JSONError {
        guard position < bytes.count else {
            return failure(.unexpectedEnd, "The text ends where \(expected) was expected; send it whole.")
        }
        return failure(.unexpectedCharacter, "Expected \(expected) here.")
    }
}

enum Ascii {
    static let quote = UInt8(ascii: "\""), backslash = UInt8(ascii: "\\"), comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":"), minus = UInt8(ascii: "-"), plus = UInt8(ascii: "+")
    static let dot = UInt8(ascii: "."), zero = UInt8(ascii: "0"), nine = UInt8(ascii: "9")
    static let openBrace = UInt8(ascii: "{"), closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "["), closeBracket = UInt8(ascii: "]")
}
