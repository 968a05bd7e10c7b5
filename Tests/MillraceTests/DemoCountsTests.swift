import Domain
import Testing
import millrace

/// What the demonstration's reports are held against.
struct DemoCountsTests {
    private func counts(_ events: [JSONObject]) -> DemoCounts {
        var counts = DemoCounts()
        for (index, data) in events.enumerated() {
            counts.take(["position": .integer(Int64(index + 1)), "data": .object(data)])
        }
        return counts
    }

    @Test func itemsAreCountedAsReportsNameThem() {
        let steps: [(action: String, from: JSONValue?, to: String)] = [
            ("submit", nil, "queued"), ("offer", "queued", "offered"), ("decline", "offered", "queued"),
            ("pull", "queued", "assigned"), ("park", "assigned", "parked"), ("unpark", "parked", "assigned"),
            ("assign", "assigned", "assigned"), ("complete", "assigned", "completed"),
            ("erase", "completed", "completed"),
        ]
        let found = counts(
            steps.map { step in
                var data: JSONObject = ["captureId": "c", "action": .string(step.action), "to": .string(step.to)]
                data["from"] = step.from
                return data
            })
        #expect(
            found.counts == [
                "entered": 1, "offered": 1, "declined": 1, "pulled": 1, "given": 1, "assignment": 4, "completed": 1,
            ])
        #expect(found.messages.isEmpty)
        #expect(found.position == 9)
    }

    @Test func messagesAreCountedWhenTheyBecomeSomethingElse() {
        let steps: [(from: JSONValue?, to: String)] = [
            (nil, "received"), (nil, "draft"), ("draft", "queued"), ("queued", "sending"), ("sending", "queued"),
            ("queued", "queued"), ("sending", "sent"),
        ]
        let found = counts(
            steps.map { step in
                var data: JSONObject = ["emailId": "e", "to": .string(step.to)]
                data["from"] = step.from
                return data
            })
        #expect(found.messages == ["received": 1, "drafted": 1, "queued": 2, "sending": 1, "sent": 1])
        #expect(found.counts.isEmpty)
    }
}
