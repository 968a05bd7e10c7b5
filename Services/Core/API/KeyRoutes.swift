import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// API keys of the tenant: made, listed and revoked. A key's text is shown once, at its making.
extension CoreAPI {
    func keys(_ routes: inout Routes) {
        routes.get("/keys", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let page = try ListPage(request.query, of: "keys", cursor)
            let after = try page.position { $0.stringValue.flatMap { UUID(hexText: $0) } }
            let (shown, next) = page.cut(
                try await keys.list(tenant: runtime.tenant, after: after, limit: page.limit + 1)
            ) { .string($0.id.hexText) }
            return Response.json { json in
                json.array("items") { list in
                    for key in shown { list.object { key.write(to: &$0) } }
                }
                json.next(next)
            }
        }
        routes.post("/keys", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            let answerKey = try Self.answerKey(request, request.principal, .object(body))
            let answers = KeptAnswers(runtime)
            // Before the draft is judged: what it names, and its expiry, may hold no longer.
            if let known = try await answers.answer(to: answerKey) { return known.response }
            let draft = try APIKeyDraft(body: body, snapshot: runtime.snapshot)
            let made = try await answers.once(answerKey, at: .now) { transaction in
                let made = try await keys.create(draft, tenant: runtime.tenant, on: transaction)
                return (made, Self.madeBefore(made.key))
            }
            guard let (key, text) = made.done else { return made.answer.response }
            return Response.json(status: .created, location: "/iwd/v3/keys/\(key.id.dashedText)") { json in
                key.write(to: &json)
                json.member("key", text)
            }
        }
        routes.delete("/keys/{id}", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            guard let id = UUID(anyText: try request.capture("id")),
                try await keys.revoke(id, tenant: runtime.tenant)
            else { throw Problem.notFound("There is no such key.") }
            return .noContent
        }
    }

    /// What a repeat is told: the text is stored nowhere.
    private static func madeBefore(_ key: StoredAPIKey) -> StoredAnswer {
        StoredAnswer(
            Problem.conflict(
                """
                The key was made already, with the id \(key.id.dashedText), and its text is shown once. Should it have been \
                lost, revoke that key and make another under another Idempotency-Key.
                """))
    }
}
