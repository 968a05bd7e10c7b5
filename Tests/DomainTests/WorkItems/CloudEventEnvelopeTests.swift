import Domain
import Testing

@Suite("Commands as CloudEvents")
struct CloudEventEnvelopeTests {
    static let submit: JSONObject = [
        "specversion": "1.0", "type": "millrace.workitem.submit", "source": "vinst", "id": "4711", "tenant": "demo",
        "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json; charset=utf-8", "traceparent": "00-x",
        "data": ["captureId": "INC-1", "attributes": ["channel": "incident"]],
    ]

    @Test("A submit is read with its command")
    func submit() throws {
        let event = try CloudEventEnvelope(event: .object(Self.submit))
        #expect(event.id == "4711")
        #expect(event.source == "vinst")
        #expect(event.tenant == "demo")
        #expect(event.action == .submit)
        #expect(event.captureId == "INC-1")
        #expect(event.data == Self.submit["data"])
        guard case .submit(let command) = event.command else {
            Issue.record("not a submit")
            return
        }
        #expect(command.attributes == ["channel": "incident"])
    }

    @Test("Other commands name their item by captureId beside their body")
    func hold() throws {
        var event = Self.submit
        event["type"] = "millrace.workitem.hold"
        event["data"] = ["captureId": "INC-1", "reason": "waiting"]
        let envelope = try CloudEventEnvelope(event: .object(event))
        #expect(envelope.command == .hold(reason: "waiting"))
        #expect(envelope.captureId == "INC-1")
    }

    @Test("On a topic of its own a source need not name the tenant")
    func withoutTenant() throws {
        var event = Self.submit
        event["tenant"] = nil
        #expect(throws: BodyProblems.self) { try CloudEventEnvelope(event: .object(event)) }
        #expect(try CloudEventEnvelope(event: .object(event), tenantRequired: false).tenant == nil)
    }

    @Test(
        "One fault each",
        arguments: [
            ("specversion", "0.3", ["/specversion"]), ("specversion", nil, ["/specversion"]),
            ("type", "millrace.workitem.sumbit", ["/type"]), ("type", nil, ["/type"]),
            ("type", "millrace.workitem.offer", ["/type"]), ("source", "", ["/source"]), ("source", "a/b", ["/source"]),
            ("id", nil, ["/id"]), ("tenant", 7, ["/tenant"]), ("time", "now", ["/time"]),
            ("datacontenttype", "text/xml", ["/datacontenttype"]), ("data", nil, ["/data"]), ("data", "x", ["/data"]),
            ("data", [:], ["/data/captureId"]), ("data", ["captureId": "1", "dew": 1], ["/data/dew"]),
            ("data_base64", "e30=", ["/data_base64"]), ("Extra", 1, ["/Extra"]), ("extra", [1], ["/extra"]),
        ] as [(String, JSONValue?, [String])])
    func faults(key: String, value: JSONValue?, paths: [String]) {
        var event = Self.submit
        event[key] = value
        let error = #expect(throws: BodyProblems.self) { try CloudEventEnvelope(event: .object(event)) }
        #expect(error?.problems.map(\.path) == paths)
    }

    @Test("Faults of envelope and body are told together")
    func together() {
        let event: JSONValue = [
            "specversion": "1.0", "type": "millrace.workitem.assign", "source": "vinst", "id": "", "tenant": "demo",
            "data": ["agent": 5],
        ]
        let error = #expect(throws: BodyProblems.self) { try CloudEventEnvelope(event: event) }
        #expect(error?.problems.map(\.path) == ["/id", "/data/captureId", "/data/agent"])
        #expect(throws: BodyProblems.self) { try CloudEventEnvelope(event: [1]) }
    }

    @Test("The sender of an unreadable event can be found when the event says it")
    func address() {
        let address = CloudEventEnvelope.address(
            of: ["tenant": "demo", "source": 3, "id": "9", "data": ["captureId": "INC-1"]])
        #expect(address.tenant == "demo")
        #expect(address.source == nil)
        #expect(address.id == "9")
        #expect(address.captureId == "INC-1")
        #expect(CloudEventEnvelope.address(of: "x").id == nil)
    }
}
