import Domain
import Testing

@Suite("JSON: what the parser refuses")
struct JSONRefusalTests {
    static let refused: [(String, JSONError.Code, Int)] = [
        ("", .unexpectedEnd, 0), ("   ", .unexpectedEnd, 3), ("{", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2),
        ("{\"a\"", .unexpectedEnd, 4), ("\"abc", .unexpectedEnd, 4), ("[1,]", .unexpectedCharacter, 3),
        ("{\"a\":1,}", .unexpectedCharacter, 7), ("{a:1}", .unexpectedCharacter, 1), ("nul", .unexpectedCharacter, 0),
        ("NaN", .unexpectedCharacter, 0), ("'a'", .unexpectedCharacter, 0), ("1 2", .trailingContent, 2),
        ("{} {}", .trailingContent, 3), ("01", .invalidNumber, 1), ("1.", .unexpectedEnd, 2),
        ("-", .unexpectedEnd, 1), (".5", .unexpectedCharacter, 0), ("+1", .unexpectedCharacter, 0),
        ("1e", .unexpectedEnd, 2), ("1e400", .numberOutOfRange, 0), ("-1e400", .numberOutOfRange, 0),
        ("[1e99999999999999999999]", .numberOutOfRange, 1), ("\"\\u0000\"", .nullCharacter, 1),
        ("\"a\u{0}\"", .nullCharacter, 2), ("\"a\nb\"", .controlCharacter, 2), ("\"\\x\"", .invalidEscape, 1),
        ("\"\\u12g4\"", .invalidEscape, 1), ("\"\\ud800\"", .loneSurrogate, 1), ("\"\\udc00\"", .loneSurrogate, 1),
        ("\"\\ud800\\ud800\"", .loneSurrogate, 1), ("\"\\ud800x\"", .loneSurrogate, 1),
        ("{\"a\":1,\"a\":2}", .duplicateKey, 7), ("\u{FEFF}{}", .byteOrderMark, 0),
        ("// x\n1", .unexpectedCharacter, 0),
    ]

    @Test("Each with its code and place", arguments: refused)
    func refusal(text: String, code: JSONError.Code, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.code == code)
        #expect(error?.offset == offset)
    }

    @Test(
        "Bytes that are not UTF-8",
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        let escaped = Array("\"\\n".utf8) + bytes + [UInt8(ascii: "\"")]
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: escaped) }
        #expect(error?.code == .invalidUTF8)
    }

    @Test("The path leads to the innermost value")
    func path() {
        let text = #"{"items":[{"id":1},{"attributes":{"a/b":1e400}}]}"#
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text.utf8) }
        #expect(error?.path == "/items/1/attributes/a~1b")
        #expect(error?.description.contains("at /items/1/attributes/a~1b") == true)
    }

    @Test("Depth is limited to 32 unless asked for otherwise")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONValue(parsing: nested(32))
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(33)) }
        #expect(error?.code == .tooDeep)
        _ = try JSONValue(parsing: nested(40), limits: JSONLimits(depth: 40))
        let hostile = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: hostile) }
    }

    @Test("A list of a million values is refused at the limit, before it costs memory")
    func millionElements() {
        let list = Array("[1\(manyOnes)]".utf8)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: list) }
        #expect(error?.code == .tooManyElements)
        #expect((error?.offset ?? .max) < 250_000)
    }

    private var manyOnes: String { String(repeating: ",1", count: 1_000_000) }

    @Test("An object of very many names is checked for duplicates in linear time")
    func manyNames() throws {
        let names = (0..<50_000).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(try JSONValue(parsing: "{\(names)}".utf8).objectValue?.count == 50_000)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\(names),\"k7\":1}".utf8) }
        #expect(error?.code == .duplicateKey)
    }

    @Test("A text longer than the limit is refused unread")
    func tooLong() {
        let error = #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[1,2,3]".utf8, limits: JSONLimits(bytes: 6))
        }
        #expect(error?.code == .tooLong)
    }

    @Test("No bytes, however broken, do worse than an error")
    func brokenBytes() {
        let base = Array(#"{"captureId":"Å\u00e5😀","n":[1,-2.5e3,true,null],"o":{"a":{}}}"#.utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<30_000 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[Int.random(in: bytes.indices)] = UInt8.random(in: 0...255)
                case 1: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0...5)))
                default: bytes.insert(UInt8.random(in: 0...255), at: Int.random(in: bytes.indices))
                }
            }
            if let value = try? JSONValue(parsing: bytes) {
                #expect((try? JSONValue(parsing: value.bytes)) == value)
            }
        }
    }
}
