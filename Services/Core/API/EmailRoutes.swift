import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Messages: listed, written, sent off, approved, called off.
extension CoreAPI {
    func emails(_ routes: inout Routes) {
        routes.get("/emails", access: .anyOf(.reader, .supervisor, .agent)) { request in try await emailList(request) }
        routes.post("/emails", access: .anyOf(.agent, .supervisor)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.json()
            let write = try writing(request, runtime, body)
            if let known = try await KeptAnswers(runtime).answer(to: write.key) { return known.response }
            let draft = try Self.draft(body, .new)
            var item: WorkItem?
            if let text = draft.workItem {
                guard let id = UUID(anyText: text), let found = try await runtime.queries.item(.id(id)),
                    write.agent.map({ found.belongs(to: $0) }) ?? true
                else { throw Self.wrong("/workItemId", "must be the id of a work item") }
                item = found
            }
            return try await write.make(draft, item: item, at: .now).response
        }
        routes.get("/emails/{id}", access: .anyOf(.reader, .supervisor, .agent)) { request in
            let runtime = try await runtime(for: request)
            guard let id = UUID(anyText: try request.capture("id")),
                let email = try await EmailQueries(pool: dependencies.pool, tenant: runtime.tenant).find(id)
            else { throw Self.noSuchEmail }
            return .json(
                bytes: EmailView(email: email, snapshot: runtime.snapshot).bytes,
                etag: EntityTag.of(revision: Int64(email.revision)))
        }
        routes.patch("/emails/{id}", access: .anyOf(.agent, .supervisor)) { request in
            let runtime = try await runtime(for: request)
            let id = try Self.emailId(request)
            let body = try await request.json()
            let write = try writing(request, runtime, body)
            if let known = try await KeptAnswers(runtime).answer(to: write.key) { return known.response }
            let draft = try Self.draft(body, .edit)
            return try await write.edit(id, draft, revisions: try Self.revisions(request), at: .now).response
        }
        routes.delete("/emails/{id}", access: .anyOf(.agent, .supervisor)) { request in
            let runtime = try await runtime(for: request)
            let id = try Self.emailId(request)
            let write = try writing(request, runtime, nil)
            _ = try await write.perform(
                .cancel, on: id, reason: nil, revisions: try Self.revisions(request), at: .now)
            return .noContent
        }
        for action in EmailAction.commands {
            let access: RouteAccess =
                [.approve, .reject].contains(action) ? .anyOf(.supervisor) : .anyOf(.agent, .supervisor)
            routes.post("/emails/{id}/\(action.rawValue)", access: access) { request in
                let runtime = try await runtime(for: request)
                let id = try Self.emailId(request)
                let body = try await request.jsonIfPresent()
                guard case .hold(let reason) = try Self.operation(.hold, body, runtime.snapshot) else {
                    throw Self.noSuchEmail
                }
                return try await writing(request, runtime, body).perform(
                    action, on: id, reason: reason, revisions: try Self.revisions(request), at: .now
                ).response
            }
        }
    }

    static let noSuchEmail = Problem.notFound("There is no such message.")

    private static func emailId(_ request: APIRequest) throws -> UUID {
        guard let id = UUID(anyText: try request.capture("id")) else { throw noSuchEmail }
        return id
    }

    private static func revisions(_ request: APIRequest) throws -> [Int64]? {
        guard case .revisions(let revisions)? = try request.ifMatch else { return nil }
        return revisions
    }

    /// Newest first, without texts.
    private func emailList(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let query = try request.query
        try query.refuseOthers(than: "workItemId", "mailbox", "state", "limit", "cursor")
        let limit = try query.integer("limit", default: 50, in: 1...500)
        var filter = EmailFilter()
        if let text = try query.string("workItemId") {
            guard let id = UUID(anyText: text) else {
                throw Problem.badRequest(at: "workItemId", "must be the id of a work item")
            }
            filter.workItem = id
        }
        filter.mailbox = try query.string("mailbox")
        filter.states = try query.choices("state", of: EmailState.self)
        let fingerprint = query.items.filter { $0.name != "cursor" && $0.name != "limit" }.map {
            "\($0.name)=\($0.value)"
        }
        let list = "emails:\(fingerprint.joined(separator: "&"))"
        if let text = try query.string("cursor") {
            guard let last = try cursor.decode(text, list: list).stringValue.flatMap({ UUID(hexText: $0) }) else {
                throw Problem.badRequest(at: "cursor", "must be the value of next from a page of this list")
            }
            filter.before = last
        }
        let found = try await EmailQueries(pool: dependencies.pool, tenant: runtime.tenant)
            .list(filter, limit: limit + 1)
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last.map { cursor.encode(.string($0.id.hexText), list: list) } : nil
        return .json(capacity: 800 * page.count + 64) { json in
            json.array("items") { items in
                for email in page {
                    EmailView(email: email, snapshot: runtime.snapshot).write(to: &items, whole: false)
                }
            }
            json.next(next)
        }
    }
}
