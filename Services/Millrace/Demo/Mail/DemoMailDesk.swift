import Domain
import Foundation

/// Agents' answers to customers' mail. Each agent writes under a key of the agent's own, so that a customer who writes
/// again comes first to who answered.
struct DemoMailDesk: Sendable {
    /// By agent.
    let clients: [String: APIClient]
    /// For agents without a key of their own.
    let supervisor: APIClient
    let ledger: SharedMailLedger

    /// Makes a key for each of these agents.
    init(agents: [String], client: APIClient, ledger: SharedMailLedger) async throws {
        var clients: [String: APIClient] = [:]
        for agent in agents {
            let made = try await client.call(
                .POST, "/keys",
                body: [
                    "name": .string("demo-\(agent)"), "roles": ["agent"], "agent": .string(agent),
                    "expiresAt": .string((Instant.now + 86_400_000).rfc3339),
                ])
            if let key = made["key"]?.stringValue { clients[agent] = APIClient(address: client.address, key: key) }
        }
        self.clients = clients
        supervisor = client
        self.ledger = ledger
    }

    /// Answers the item's last message. An answer that is lost on the way is asked for again, under the same key, for at
    /// most a minute; the item may be somebody else's by then.
    func answer(_ item: OfferedItem, by agent: String) async {
        let client = clients[agent] ?? supervisor
        let subject = item.attributes["subject"]?.stringValue ?? "your message"
        let body: JSONValue = [
            "kind": "reply", "quote": true,
            "text": .string(
                "Dear \(item.attributes["fromName"]?.stringValue ?? "customer"),\n\nthank you for writing to us about "
                    + "“\(subject)”. It is taken care of.\n\nKind regards\n\(agent)"),
        ]
        let key = "demo-\(UUID().uuidString)"
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end, !Task.isCancelled {
            if let answer = try? await client.send(
                .POST, "/workitems/\(item.id)/replies", body: body.bytes, headers: [("Idempotency-Key", key)])
            {
                if answer.isSuccess, let made = try? answer.json(), let id = made["id"]?.stringValue,
                    let messageId = made["messageId"]?.stringValue
                {
                    return ledger.change { $0.answer(emailId: id, messageId: messageId) }
                }
                if answer.status < 500, answer.status != 429 { return }
            }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 100...600)))
        }
    }
}
