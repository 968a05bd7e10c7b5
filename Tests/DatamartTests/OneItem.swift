import Datamart
import Domain
import Foundation
import Projection

/// One item of a customer, from submission to erasure and completion.
struct OneItem {
    let customer: String
    let country: String
    var result = "solved"
    private let id = "0190a6d2-0000-7000-8000-000000000001"

    private func event(
        _ revision: Int32, _ action: String, _ from: String?, _ to: String, _ more: JSONObject
    ) -> ProjectedEvent {
        var data: JSONObject = [
            "workItemId": .string(id), "captureId": "C-4711", "sourceName": "vinst",
            "revision": .integer(Int64(revision)),
            "action": .string(action), "to": .string(to), "actor": ["kind": "source", "id": "vinst"], "weight": 1,
            "category": "Incidents", "endpoint": "desk", "activation": "2026-03-23T08:00:00.000Z",
            "configurationVersion": 1,
        ]
        data["from"] = from.map { .string($0) }
        for (key, value) in more.members { data[key] = value }
        return ProjectedEvent(
            position: Int64(revision), id: "\(id)-\(revision)", subject: id, kind: "workitem.\(action)",
            revision: revision,
            at: Instant(milliseconds: Life.at(Double(revision))), data: data)
    }

    var submitted: ProjectedEvent {
        event(
            1, "submit", nil, "queued",
            ["attributes": ["customer": .string(customer), "country": .string(country), "segment": "gold"]])
    }
    var held: ProjectedEvent { event(2, "hold", "queued", "held", ["reason": "asked for by Ann"]) }
    var resumed: ProjectedEvent { event(3, "resume", "held", "queued", [:]) }
    var completed: ProjectedEvent { event(5, "complete", "queued", "completed", ["result": "solved"]) }
    var ended: ProjectedEvent { event(4, "complete", "queued", "completed", ["result": .string(result)]) }
    var restarted: ProjectedEvent { event(5, "restart", "completed", "queued", [:]) }
    func endedAgain(_ result: String) -> ProjectedEvent {
        event(6, "complete", "queued", "completed", ["result": .string(result)])
    }
    /// A message of the item came back.
    var bounced: ProjectedEvent {
        let email = "0190a6d2-0000-7000-8000-000000000002"
        return ProjectedEvent(
            position: 5, id: "\(email)-1", subject: email, kind: "email.bounced", revision: 1,
            at: Instant(milliseconds: Life.at(5)),
            data: [
                "emailId": .string(email), "workItemId": .string(id), "revision": 1, "direction": "out",
                "mailbox": "support", "from": "sent", "to": "bounced", "reason": "no such user ann@example.org",
                "actor": ["kind": "source", "id": "mail"],
            ])
    }
    /// Told after core has let the item go; of the other item the mart never knew.
    func erasedWhenGone(former: Bool) -> ProjectedEvent {
        let (own, other): (JSONValue, JSONValue) = ([.string(id), "0190a6d2-0000-7000-8000-000000000009"], [])
        return ProjectedEvent(
            position: 6, id: "0190a6d2-0000-7000-8000-000000000003-1", subject: "0190a6d2-0000-7000-8000-000000000003",
            kind: "workitems.erase", revision: 1, at: Instant(milliseconds: Life.at(6)),
            data: [
                "workItemIds": former ? other : own, "formerWorkItemIds": former ? own : other,
                "actor": ["kind": "user", "id": "admin"],
            ])
    }
    var erasedOfThePast: ProjectedEvent {
        event(4, "erase", "queued", "queued", ["attributes": ["customer": "Bob", "segment": "gold"]])
    }
    var erased: ProjectedEvent {
        event(4, "erase", "queued", "queued", ["captureId": .string("erased:\(id)"), "attributes": [:]])
    }
    var erasedWhenEnded: ProjectedEvent {
        event(5, "erase", "completed", "completed", ["captureId": .string("erased:\(id)"), "attributes": [:]])
    }
}
