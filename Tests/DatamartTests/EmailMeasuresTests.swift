import Datamart
import Domain
import Foundation
import Projection
import Testing

/// The measures of messages of deploy/datamart/measures.md, named as they are there.
@Suite struct EmailMeasuresTests {
    private var contributions = Contributions(
        intervals: Intervals(timeZones: ["UTC"], floor: Instant(milliseconds: .min)))

    private var keys = DimensionKeys()
    private let reader = ReadSteps(settings: .forTests())

    /// One message's steps, with the minutes after which they happened.
    private mutating func follow(_ steps: [(minutes: Double, to: EmailState)], outgoing: Bool = true) throws {
        var row: EmailRow?
        let email = UUID().uuidString.lowercased()
        for (index, step) in steps.enumerated() {
            var data: JSONObject = [
                "direction": outgoing ? "out" : "in", "mailbox": "support", "to": .string(step.to.rawValue),
                "actor": ["kind": "service", "id": "email"],
            ]
            if index > 0 { data["from"] = .string(steps[index - 1].to.rawValue) }
            let event = ProjectedEvent(
                position: Int64(index + 1), id: "\(email)-\(index)", subject: email, kind: "email.\(step.to)",
                revision: Int32(index + 1), at: Instant(milliseconds: Life.at(step.minutes)), data: data)
            let told = try #require(reader.emailStep(event, &keys))
            #expect(FoldEmail.apply(told, to: &row, &contributions))
            #expect(!FoldEmail.apply(told, to: &row, &contributions), "what is repeated adds nothing")
        }
    }

    private func sum(_ measure: EmailMeasure, outgoing: Bool = true) -> Int64 {
        contributions.rows[Aggregate.email.rawValue]
            .filter { $0.key.zone == 0 && $0.key.parts[1] == (outgoing ? 1 : 0) }
            .reduce(0) { $0 + $1.value[measure.rawValue] }
    }

    @Test mutating func `messages: each time that one comes to be something else`() throws {
        try follow([(0, .received)], outgoing: false)
        try follow([(0, .draft), (1, .awaitingApproval), (2, .rejected)])
        try follow([
            (0, .queued), (1, .sending), (2, .queued), (3, .queued), (4, .sending), (5, .sent), (6, .delivered),
        ])
        try follow([(0, .queued), (1, .sending), (2, .sent), (9, .bounced)])
        try follow([(0, .queued), (1, .failed)])
        try follow([(0, .queued), (1, .sending), (2, .uncertain), (3, .canceled)])
        #expect(sum(.received, outgoing: false) == 1 && sum(.received) == 0)
        #expect(sum(.drafted) == 1 && sum(.awaitingApproval) == 1 && sum(.rejected) == 1)
        #expect(sum(.queued) == 5, "put off and queued again counts again, told once more does not")
        #expect(sum(.sending) == 4)
        #expect(sum(.sent) == 2 && sum(.delivered) == 1 && sum(.bounced) == 1)
        #expect(sum(.failed) == 1 && sum(.uncertain) == 1 && sum(.canceled) == 1)
    }

    @Test mutating func `average time to send: from first queued to first sent`() throws {
        try follow([(0, .draft), (2, .queued), (3, .sending), (4, .queued), (8, .sending), (9, .sent)])
        try follow([(0, .sent)])
        #expect(sum(.sends) == 1)
        #expect(sum(.sendTime) == 7 * Life.minute)
    }
}
