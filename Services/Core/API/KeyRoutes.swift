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
            let listed = try await keys.list(tenant: runtime.tenant)
            return Response.json { json in
                json.array("items") { list in
                    for key in listed { list.object { key.write(to: &$0) } }
                }
                json.nullMember("next")
            }
        }
        routes.post("/keys", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let draft = try APIKeyDraft(body: try await request.object(), snapshot: runtime.snapshot)
            let (key, text) = try await keys.create(draft, tenant: runtime.tenant)
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
}
