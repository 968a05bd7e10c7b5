import Domain
import Testing

@Suite("The body of submit")
struct SubmitCommandTests {
    @Test("A whole body is read")
    func wholeBody() throws {
        let body: JSONValue = [
            "captureId": "INC-1", "activation": "2026-01-02T03:04:05Z", "due": "2026-01-03T00:00:00+01:00",
            "priority": 3600, "businessValue": 12.5, "preferredAgent": "anna",
            "preferredUntil": "2026-01-02T04:00:00Z",
            "attributes": ["channel": "incident", "size": 3, "vip": true, "tags": ["a", 1, false], "none": []],
        ]
        let command = try SubmitCommand(body: body)
        #expect(command.captureId == "INC-1")
        #expect(command.activation == Instant(rfc3339: "2026-01-02T03:04:05Z"))
        #expect(command.due == Instant(rfc3339: "2026-01-02T23:00:00Z"))
        #expect(command.priority == 3600)
        #expect(command.businessValue == 12.5)
        #expect(command.attributes["tags"] == ["a", 1, false])
        #expect(command.preferredAgent == "anna")
        #expect(command.preferredUntil == Instant(rfc3339: "2026-01-02T04:00:00Z"))
    }

    @Test("Only captureId is needed; null is as good as absent")
    func leastBody() throws {
        let command = try SubmitCommand(body: ["captureId": "Ärende 7", "due": .null, "attributes": .null])
        #expect(command.captureId == "Ärende 7")
        #expect(command.due == nil)
        #expect(command.attributes.isEmpty)
    }

    @Test("Everything that is wrong is told, each at its path")
    func allProblems() {
        let problems = problems([
            "captureid": "x", "activation": "yesterday", "due": "1999-12-31T23:59:59Z", "priority": "high",
            "businessValue": 1e13, "preferredUntil": "2026-01-02T04:00:00Z",
            "attributes": ["a": ["b": 1], "c": [1, [2]], "d": .null, "": 1],
        ])
        #expect(
            problems.map(\.path) == [
                "/captureid", "/captureId", "/activation", "/due", "/priority", "/businessValue", "/attributes/a",
                "/attributes/c/1", "/attributes/d", "/attributes/", "/preferredUntil",
            ])
        #expect(problems[0].message.contains("Did you mean \"captureId\"?"))
        #expect(problems[0].message.contains("preferredAgent"))
        #expect(problems[4].message == "Expected a number, found a string.")
    }

    @Test(
        "A captureId is 1 to 200 bytes of printable text",
        arguments: [
            "", String(repeating: "x", count: 201), String(repeating: "å", count: 101), "a\nb", "a\u{7f}", "a\u{85}b",
            "a\u{2028}b", " a", "a ",
        ])
    func captureId(text: String) {
        #expect(problems(["captureId": .string(text)]).map(\.path) == ["/captureId"])
    }

    @Test("A captureId of 10 kB and one of the wrong kind are refused")
    func oddCaptureIds() {
        #expect(problems(["captureId": .string(String(repeating: "x", count: 10_000))]).count == 1)
        #expect(problems(["captureId": 7]).map(\.message) == ["Expected a string, found a number."])
        #expect(problems([]).map(\.path) == [""])
        #expect(problems("x").map(\.message) == ["Expected an object, found a string."])
    }

    @Test("Attributes have at most 200 names and 64 KiB of JSON")
    func attributeLimits() throws {
        func body(_ attributes: JSONObject) -> JSONValue { ["captureId": "1", "attributes": .object(attributes)] }
        let many = JSONObject((0..<200).map { ("a\($0)", .integer($0)) })
        _ = try SubmitCommand(body: body(many))
        #expect(problems(body(JSONObject(many.members.map { ($0.key, $0.value) } + [("more", 1)]))).count == 1)
        // {"a":"…"} has eight bytes beside the text.
        let room = 65_536 - 8
        _ = try SubmitCommand(body: body(["a": .string(String(repeating: "x", count: room))]))
        let tooMany = problems(body(["a": .string(String(repeating: "x", count: room + 1))]))
        #expect(tooMany.map(\.path) == ["/attributes"])
        #expect(tooMany.first?.message == "Expected at most 65536 bytes of JSON, found 65537.")
        #expect(problems(body(["a": .string(String(repeating: "\u{1}", count: 12_000))])).count == 1)
        #expect(problems(body([String(repeating: "n", count: 101): 1])).count == 1)
    }

    @Test("Hostile bodies give a bounded list of problems")
    func boundedProblems() {
        let body = JSONObject((0..<5000).map { ("unknown\($0)", .integer($0)) })
        #expect(problems(.object(body)).count == 201)
        #expect(problems(.object(body)).last?.message == "There are 4801 more problems; correct these first.")
    }

    @Test("What counts as the same content is what was sent, whatever its order and spacing")
    func content() throws {
        func content(_ text: String) throws -> [UInt8] {
            SubmitCommand.content(of: try JSONValue(parsing: text.utf8))
        }
        let first = try content(#"{"captureId":"1","attributes":{"b":[1,2],"a":3.0}}"#)
        #expect(try content(#" {"attributes" : {"a":3, "b":[1.0,2e0]}, "captureId":"1"}"#) == first)
        #expect(try content(#"{"captureId":"1","attributes":{"b":[2,1],"a":3}}"#) != first)
        #expect(try content(#"{"captureId":"1","due":null,"attributes":{"b":[1,2],"a":3}}"#) != first)
    }

    private func problems(_ body: JSONValue) -> [BodyProblem] {
        do throws(BodyProblems) {
            _ = try SubmitCommand(body: body)
            return []
        } catch {
            return error.problems
        }
    }
}
