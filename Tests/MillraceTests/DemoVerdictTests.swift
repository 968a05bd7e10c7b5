import Domain
import Testing
import millrace

@Suite struct DemoVerdictTests {
    private var ledger = DemoLedger(after: 10)
    private var position: Int64 = 10

    private mutating func event(
        _ action: String, _ captureId: String, item: String? = nil, to: String, second: Int = 1, due: String? = nil
    ) {
        position += 1
        var data: JSONObject = [
            "captureId": .string(captureId), "workItemId": .string(item ?? "id-\(captureId)"),
            "action": .string(action),
            "to": .string(to), "endpoint": "desk", "agent": "anna",
        ]
        data["due"] = due.map(JSONValue.string)
        ledger.take([
            "position": .integer(position), "time": .string("2026-01-02T03:04:0\(second).000Z"), "data": .object(data),
        ])
    }

    private mutating func life(of captureId: String) {
        ledger.submit(captureId)
        ledger.answer(captureId, item: "id-\(captureId)", after: .milliseconds(3))
        event("submit", captureId, to: "captured")
        event("offer", captureId, to: "offered", second: 2)
        event("complete", captureId, to: "completed", second: 4, due: "2026-01-02T03:04:05Z")
    }

    private func faults(_ listed: [String: [(id: String, status: String)]]) -> [String] {
        DemoVerdict(ledger, listed: listed).faults.map { "\($0.captureId): \($0.problem)" }
    }

    @Test mutating func nothingIsLostWhenAllThreeAgree() {
        life(of: "a")
        life(of: "b")
        let verdict = DemoVerdict(ledger, listed: ["a": [("id-a", "completed")], "b": [("id-b", "completed")]])
        #expect(verdict.faults.isEmpty)
        #expect(verdict.completedOnce == 2)
        #expect(ledger.isFinished)
        #expect((ledger.offers, ledger.completed, ledger.withinServiceLevel, ledger.dated) == (2, 2, 2, 2))
        #expect(ledger.waiting.quantile(1) == 1_000_000)
    }

    @Test mutating func aLostItemIsFound() {
        life(of: "a")
        ledger.submit("b")
        ledger.answer("b", item: "id-b", after: .zero)
        #expect(
            faults(["a": [("id-a", "completed")]]) == [
                "b: acknowledged, and not in the list of items", "b: acknowledged, and not in the feed",
            ])
    }

    @Test mutating func twoItemsForOneNumberAreFound() {
        life(of: "a")
        event("submit", "a", item: "other", to: "captured")
        #expect(
            faults(["a": [("id-a", "completed"), ("other", "queued")]]) == [
                "a: 2 items in the list", "a: 2 items in the feed",
            ])
    }

    @Test mutating func aSecondCompletionIsFound() {
        life(of: "a")
        event("complete", "a", to: "completed")
        #expect(faults(["a": [("id-a", "completed")]]) == ["a: completed 2 times"])
    }

    @Test mutating func aSubmitWithoutAnAnswerIsFound() {
        ledger.submit("a")
        #expect(!ledger.isFinished)
        #expect(faults([:]) == ["a: never answered"])
    }

    @Test mutating func aGapInTheFeedIsFound() {
        life(of: "a")
        position += 1
        life(of: "b")
        #expect(
            faults(["a": [("id-a", "completed")], "b": [("id-b", "completed")]]) == [
                ": the feed left out positions 1 times"
            ])
    }

    @Test mutating func whatIsNotDoneIsAccountedFor() {
        ledger.submit("a")
        ledger.answer("a", item: "id-a", after: .zero)
        event("submit", "a", to: "captured")
        let verdict = DemoVerdict(ledger, listed: ["a": [("id-a", "queued")]])
        #expect(verdict.faults.isEmpty)
        #expect(verdict.unfinished == ["queued": 1])
        #expect(ledger.open == 1)
    }
}
