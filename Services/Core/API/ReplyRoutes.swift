import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Replies to an item's messages, and the contents of its messages.
extension CoreAPI {
    func replies(_ routes: inout Routes) {
        routes.post("/workitems/{id}/replies", access: .anyOf(.agent, .supervisor)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.json()
            let write = try writing(request, runtime, body)
            if let known = try await KeptAnswers(runtime).answer(to: write.key) { return known.response }
            let item = try await item(request, runtime)
            if let agent = write.agent, !item.belongs(to: agent) { throw Self.noSuchItem }
            return try await write.make(try Self.draft(body, .reply), item: item, at: .now).response
        }
        let readers = RouteAccess.anyOf(.reader, .supervisor, .agent)
        routes.get("/workitems/{id}/emails/{emailId}/raw", access: readers) { request in
            let (email, runtime) = try await email(ofItem: request)
            guard let digest = email.digest("rawSha256") else { throw Self.noSuchContent }
            return try await content(digest, runtime, name: "message.eml", type: "message/rfc822")
        }
        routes.get("/workitems/{id}/emails/{emailId}/html", access: readers) { request in
            let (email, runtime) = try await email(ofItem: request)
            guard let digest = email.digest("htmlSha256") else { throw Self.noSuchContent }
            return try await content(digest, runtime, type: "text/html; charset=utf-8")
        }
        routes.get("/workitems/{id}/emails/{emailId}/attachments/{n}", access: readers) { request in
            let (email, runtime) = try await email(ofItem: request)
            let attachments = email.attachments
            guard let index = Int(try request.capture("n")), attachments.indices.contains(index) else {
                throw Self.noSuchContent
            }
            let attachment = attachments[index]
            return try await content(
                attachment.sha256, runtime, name: attachment.name.isEmpty ? "attachment" : attachment.name,
                type: "application/octet-stream")
        }
    }

    /// Who writes, and under which key the answer is kept. A supervisor writes as one.
    func writing(_ request: APIRequest, _ runtime: TenantRuntime, _ body: JSONValue?) throws -> WriteEmails {
        let principal = try request.principal
        return WriteEmails(
            runtime: runtime, actor: try Actor(request),
            agent: principal.has(.supervisor) ? nil : try runtime.snapshot.agent(of: principal),
            key: try Self.answerKey(request, principal, body))
    }

    static func draft(_ body: JSONValue, _ purpose: EmailDraft.Purpose) throws(Problem) -> EmailDraft {
        do { return try EmailDraft(body: body, purpose: purpose) } catch { throw error.problem }
    }

    /// The message of the address, which belongs to the item of the address.
    private func email(ofItem request: APIRequest) async throws -> (Email, TenantRuntime) {
        let runtime = try await runtime(for: request)
        let item = try await item(request, runtime)
        guard let id = UUID(anyText: try request.capture("emailId")),
            let email = try await EmailQueries(pool: dependencies.pool, tenant: runtime.tenant).find(id),
            email.workItem == item.id
        else { throw Self.noSuchEmail }
        return (email, runtime)
    }
}
