import Domain
import Testing

@Suite("JSON: writing")
struct JSONWritingTests {
    @Test("What is written is read back the same, for random trees")
    func roundTrip() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let value = randomValue(depth: 4, &random)
            #expect(try JSONValue(parsing: value.bytes) == value)
            let canonical = value.canonical()
            #expect(try JSONValue(parsing: canonical.bytes).canonical().bytes == canonical.bytes)
        }
    }

    @Test("Only what must be escaped is escaped")
    func escapes() {
        let value: JSONValue = "a\"b\\c/\n\r\t\u{1}\u{1f}\u{7f}å😀"
        #expect(value.text == #""a\"b\\c/\n\r\t\u0001\u001f"# + "\u{7f}å😀\"")
    }

    @Test("The canonical form does not depend on order or on how a number is written")
    func canonical() throws {
        let first = try JSONValue(parsing: #"{"b":3.0,"a":{"y":1,"x":[1,2]}}"#.utf8)
        let second = try JSONValue(parsing: #" {"a" : {"x":[1, 2.0],"y":1e0}, "b":3}"#.utf8)
        #expect(first.canonical().text == #"{"a":{"x":[1,2],"y":1},"b":3}"#)
        #expect(first.canonical().bytes == second.canonical().bytes)
    }

    @Test("Objects are equal whatever the order of their members")
    func equality() {
        let first: JSONValue = ["a": 1, "b": [true, .null]]
        let second: JSONValue = ["b": [true, .null], "a": 1]
        #expect(first == second)
        #expect(first.hashValue == second.hashValue)
        #expect(first != ["a": 1, "b": [true, false]])
        #expect(first != ["a": 1])
    }

    @Test("Merging puts members over others and null takes them away")
    func merging() {
        let object: JSONObject = ["a": 1, "b": 2]
        #expect(object.merging(["b": .null, "c": 3, "d": .null]) == ["a": 1, "c": 3])
        #expect(object.addingDefaults(["b": 9, "e": 5]) == ["a": 1, "b": 2, "e": 5])
    }

    @Test("The writer puts the commas")
    func writer() {
        var writer = JSONWriter()
        writer.object { event in
            event.member("id", "7")
            event.member("absent", nil as String?)
            event.nullMember("until")
            event.object("empty") { _ in }
            event.object("data") { data in
                data.member("revision", 3)
                data.member("priority", 2.5)
                data.member("late", false)
                data.member("skills", ["java", "sap"])
                data.array("steps") { steps in
                    steps.object { $0.member("n", 1) }
                    steps.object { $0.member("n", 2) }
                    steps.element("x")
                    steps.array { $0.element(1) }
                }
            }
            event.member("raw", json: Array("[1]".utf8))
            event.member("time", Instant(milliseconds: 5))
        }
        #expect(
            writer.text == #"{"id":"7","until":null,"empty":{},"data":{"revision":3,"priority":2.5,"late":false,"#
                + #""skills":["java","sap"],"steps":[{"n":1},{"n":2},"x",[1]]},"raw":[1],"#
                + #""time":"1970-01-01T00:00:00.005Z"}"#)
    }

    @Test("Integers at the ends of their range, and numbers that JSON does not have")
    func numbers() {
        #expect(
            JSONValue.array([.integer(.min), .integer(.max), 0, -7]).text
                == "[-9223372036854775808,9223372036854775807,0,-7]")
        #expect(JSONValue.array([.number(.infinity), .number(.nan), 1.5]).text == "[null,null,1.5]")
    }

    private func randomValue(depth: Int, _ random: inout some RandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(.random(in: .min ... .max, using: &random))
        case 3: .number(Double.random(in: -1e6...1e6, using: &random))
        case 4: .number(Double(Int.random(in: -5...5, using: &random)))
        case 5: .string(randomText(&random))
        case 6:
            .array((0..<Int.random(in: 0...5, using: &random)).map { _ in randomValue(depth: depth - 1, &random) })
        default:
            .object(
                JSONObject(
                    (0..<Int.random(in: 0...20, using: &random)).map { _ in
                        (randomText(&random), randomValue(depth: depth - 1, &random))
                    }))
        }
    }

    private func randomText(_ random: inout some RandomNumberGenerator) -> String {
        let characters: [Character] = ["a", "\"", "\\", "\n", "\u{1}", "å", "€", "😀", "/", "~", "é", " "]
        return String((0..<Int.random(in: 0...24, using: &random)).compactMap { _ in characters.randomElement() })
    }
}
