import Domain
import Testing

@Suite("JSON: what the parser takes")
struct JSONParsingTests {
    @Test("A body keeps its members, their order and their kinds")
    func body() throws {
        let text = #" {"captureId":"A-1", "priority":3600,"weight":-1.5e2,"open":true,"due":null,"tags":["a",2,[]]} "#
        let value = try JSONValue(parsing: text.utf8)
        #expect(value.objectValue?.keys == ["captureId", "priority", "weight", "open", "due", "tags"])
        #expect(value["captureId"] == "A-1")
        #expect(value["priority"] == .integer(3600))
        #expect(value["weight"] == .number(-150))
        #expect(value["open"] == true)
        #expect(value["due"] == .null)
        #expect(value["tags"] == ["a", 2, []])
        #expect(value["missing"] == nil)
    }

    @Test(
        "Numbers",
        arguments: [
            ("0", JSONValue.integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.0", .number(1)), ("1e3", .number(1000)), ("1E+3", .number(1000)), ("25e-1", .number(2.5)),
            ("0.1", .number(0.1)), ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
            ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-400", .number(0)),
            ("123456789012345678901234567890", .number(1.2345678901234568e29)),
            ("0.000000000000000000000000000001", .number(1e-30)),
        ])
    func numbers(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text.utf8) == value)
    }

    @Test("Escapes, surrogate pairs and text beyond ASCII")
    func strings() throws {
        let text = #"["\"\\\/\b\f\n\r\t","\u00e5\u20AC","\ud83d\ude00","Skärmen är svart 😀"]"#
        #expect(
            try JSONValue(parsing: text.utf8)
                == ["\"\\/\u{8}\u{c}\n\r\t", "å€", "😀", "Skärmen är svart 😀"])
    }

    @Test("Bytes may come as an array, a slice or borrowed memory")
    func sources() throws {
        let bytes = Array("xx[1]".utf8)
        #expect(try JSONValue(parsing: bytes[2...]) == [1])
        #expect(try JSONValue(parsing: Array(bytes[2...])) == [1])
        let borrowed = bytes.withUnsafeBytes { memory in
            Result { () throws(JSONError) in
                try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: memory[2...]))
            }
        }
        #expect(try borrowed.get() == [1])
    }

    @Test("Doubles read as Swift reads them, at random")
    func doublesAtRandom() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            let value = try JSONValue(parsing: number.description.utf8)
            #expect(value.numberValue == number)
            let short = "\(Int.random(in: -99999...99999)).\(Int.random(in: 0...9999))e\(Int.random(in: -25...25))"
            #expect(try JSONValue(parsing: short.utf8).numberValue == Double(short))
        }
    }
}
