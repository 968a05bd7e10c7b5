import Domain
import Testing

@Suite("The bodies of commands")
struct WorkItemCommandTests {
    @Test(
        "Every body as it should be",
        arguments: [
            (.hold, nil, .hold(reason: nil)),
            (.hold, ["reason": "waits\nfor parts"], .hold(reason: "waits\nfor parts")),
            (.resume, [:], .resume), (.resume, .null, .resume), (.restart, nil, .restart), (.activate, nil, .activate),
            (.cancel, ["reason": .null], .cancel(reason: nil)), (.complete, nil, .complete(result: nil)),
            (.complete, ["result": "solved"], .complete(result: "solved")),
            (.complete, ["result": ["code": 7]], .complete(result: ["code": 7])),
            (.assign, ["agent": "anna"], .assign(agent: "anna")),
            (.transfer, ["agent": "bo"], .transfer(to: .agent("bo"), reason: nil)),
            (
                .transfer, ["endpoint": "second line", "reason": "r"],
                .transfer(to: .endpoint("second line"), reason: "r")
            ),
            (.park, nil, .park(workbin: nil, until: nil)),
            (
                .park, ["workbin": "night", "until": "2026-01-02T03:04:05Z"],
                .park(workbin: "night", until: Instant(rfc3339: "2026-01-02T03:04:05Z"))
            ),
        ] as [(WorkItemAction, JSONValue?, WorkItemCommand)])
    func accepted(action: WorkItemAction, body: JSONValue?, command: WorkItemCommand) throws {
        let read = try WorkItemCommand(action: action, body: body)
        #expect(read == command)
        #expect(read.action == action)
    }

    @Test(
        "Faults with their paths",
        arguments: [
            (.hold, ["reasons": "x"], ["/reasons"]), (.hold, [1], [""]), (.resume, ["reason": "x"], ["/reason"]),
            (.assign, nil, ["/agent"]), (.assign, ["agent": 7], ["/agent"]), (.assign, ["agent": "a/b"], ["/agent"]),
            (.transfer, [:], ["/agent"]), (.transfer, ["agent": "a", "endpoint": "b"], ["/endpoint"]),
            (.transfer, ["agent": "", "reason": 1], ["/reason", "/agent"]), (.park, ["until": "soon"], ["/until"]),
            (.complete, ["result": .string(String(repeating: "x", count: 20_000))], ["/result"]),
            (.submit, nil, ["/captureId"]), (.update, ["push": "x", "due": 1], ["/due", "/push"]), (.offer, nil, [""]),
        ] as [(WorkItemAction, JSONValue?, [String])])
    func refused(action: WorkItemAction, body: JSONValue?, paths: [String]) {
        let error = #expect(throws: BodyProblems.self) { try WorkItemCommand(action: action, body: body) }
        #expect(error?.problems.map(\.path) == paths)
    }

    @Test("Every command that sources can send has a body that is read")
    func everyCommand() throws {
        for action in WorkItemAction.commands {
            let body: JSONValue = action == .submit ? ["captureId": "1"] : ["agent": "anna"]
            let needsAgent = WorkItemCommand.members(of: action).contains("agent")
            let given = action == .submit || needsAgent ? body : nil
            #expect(try WorkItemCommand(action: action, body: given).action == action)
        }
    }
}

@Suite("The body of update")
struct UpdateCommandTests {
    @Test("Absent members stay, null takes away, others set")
    func changes() throws {
        let update = try UpdateCommand(
            body: ["due": .null, "priority": 60, "push": -30, "attributes": ["a": .null, "b": 2]])
        #expect(update.due == .clear)
        #expect(update.priority == .set(60))
        #expect(update.businessValue == .keep)
        #expect(update.push == -30)
        #expect(!update.isEmpty)
        #expect(update.due.applied(to: Instant(milliseconds: 1)) == nil)
        #expect(update.priority.applied(to: 1) == 60)
        #expect(update.businessValue.applied(to: 5) == 5)
        #expect(try update.attributes(mergedInto: ["a": 1, "c": 3]) == ["b": 2, "c": 3])
        #expect(try UpdateCommand(body: [:]).isEmpty)
    }

    @Test("Merged attributes stay within the limits")
    func mergedLimits() throws {
        let update = try UpdateCommand(body: ["attributes": ["b": .string(String(repeating: "x", count: 40_000))]])
        let current: JSONObject = ["a": .string(String(repeating: "x", count: 40_000))]
        #expect(throws: BodyProblems.self) { try update.attributes(mergedInto: current) }
        #expect(try update.attributes(mergedInto: [:]).count == 1)
    }
}
