import Domain
import Projection
import Testing

/// What a CloudEvent says as a projection takes it.
struct ProjectedEventTests {
    static let text = """
        {"specversion":"1.0","id":"0190f3c2b3a47c1e8d2f0a1b2c3d4e5f-7","source":"millrace/core",
        "type":"millrace.workitem.offer","subject":"0190f3c2-b3a4-7c1e-8d2f-0a1b2c3d4e5f",
        "time":"2026-03-01T10:00:00.250Z","datacontenttype":"application/json","tenant":"demo","position":42,
        "data":{"action":"offer","to":"offered"}}
        """

    @Test func everyMemberIsRead() throws {
        let event = try ProjectedEvent(cloudEvent: JSONValue(parsing: Array(Self.text.utf8)))
        #expect(event.position == 42)
        #expect(event.kind == "workitem.offer")
        #expect(event.revision == 7)
        #expect(event.subject == "0190f3c2-b3a4-7c1e-8d2f-0a1b2c3d4e5f")
        #expect(event.at.rfc3339 == "2026-03-01T10:00:00.250Z")
        #expect(event.data["to"]?.stringValue == "offered")
    }

    @Test(arguments: ["id", "type", "subject", "time", "position", "data"])
    func aMissingMemberIsNamed(_ member: String) throws {
        var object = try #require(JSONValue(parsing: Array(Self.text.utf8)).objectValue)
        object[member] = nil
        let error = #expect(throws: ProjectionError.self) { try ProjectedEvent(cloudEvent: .object(object)) }
        #expect(error?.code == .malformedEvent)
        #expect(error?.message.contains(member) == true)
    }
}
