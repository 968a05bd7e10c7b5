import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Mailboxes: configured as a part of the tenant's document, shown with their states.
extension CoreAPI {
    func mailboxes(_ routes: inout Routes) {
        routes.get("/mailboxes", access: .anyOf(.admin, .supervisor, .reader)) { request in
            try await mailboxList(request)
        }
        routes.post("/mailboxes", access: .anyOf(.admin)) { request in
            let body = JSONValue.object(try await request.object())
            return try await edit(request, body, status: 201) { mailboxes in
                try Self.refuseTaken(body["name"], in: mailboxes)
                return .init(mailboxes: mailboxes + [body], index: mailboxes.count)
            }
        }
        routes.get("/mailboxes/{name}", access: .anyOf(.admin, .supervisor, .reader)) { request in
            let runtime = try await runtime(for: request)
            let snapshot = runtime.snapshot
            let mailbox = try Self.mailbox(try request.capture("name"), in: snapshot)
            let states = try await MailboxState.all(tenant: runtime.tenant, on: dependencies.pool)
            let state = states[mailbox.name] ?? MailboxState(at: .now)
            return .json(etag: EntityTag.of(revision: Int64(snapshot.version)), capacity: 2000) {
                state.write(mailbox, version: snapshot.version, to: &$0)
            }
        }
        routes.put("/mailboxes/{name}", access: .anyOf(.admin)) { request in
            try await change(request, body: .object(try await request.object())) { _, body in body }
        }
        routes.patch("/mailboxes/{name}", access: .anyOf(.admin)) { request in
            try await change(request, body: .object(try await request.object())) { present, body in
                present.merged(with: body)
            }
        }
        routes.delete("/mailboxes/{name}", access: .anyOf(.admin)) { request in
            let name = try request.capture("name")
            return try await edit(request, nil, status: 204) { mailboxes in
                var mailboxes = mailboxes
                mailboxes.remove(at: try Self.index(of: name, in: mailboxes))
                return .init(mailboxes: mailboxes, index: nil)
            }
        }
        routes.post("/mailboxes/{name}/copy", access: .anyOf(.admin)) { request in
            let name = try request.capture("name")
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["name"])
            return try await edit(request, .object(body), status: 201) { mailboxes in
                var copy = mailboxes[try Self.index(of: name, in: mailboxes)].objectValue ?? JSONObject()
                try Self.refuseTaken(body["name"], in: mailboxes)
                copy["name"] = body["name"] ?? .null
                // Two that read one folder are hardly meant: whoever copies says when it begins.
                copy["enabled"] = false
                return .init(mailboxes: mailboxes + [.object(copy)], index: mailboxes.count)
            }
        }
        for (action, enabled) in [("enable", true), ("disable", false)] {
            routes.post("/mailboxes/{name}/\(action)", access: .anyOf(.admin)) { request in
                try await request.objectIfPresent().refuseMembers(otherThan: [])
                return try await change(request, body: nil) { present, _ in
                    present.merged(with: ["enabled": .bool(enabled)])
                }
            }
        }
    }

    private func mailboxList(_ request: APIRequest) async throws -> Response {
        let runtime = try await runtime(for: request)
        let page = try ListPage(request.query, of: "mailboxes", cursor)
        let after = try page.position(\.stringValue)
        let snapshot = runtime.snapshot
        let states = try await MailboxState.all(tenant: runtime.tenant, on: dependencies.pool)
        let found = snapshot.configuration.mailboxes.sorted { $0.name < $1.name }
            .filter { mailbox in after.map { mailbox.name > $0 } ?? true }
        let (shown, next) = page.cut(Array(found.prefix(page.limit + 1))) { .string($0.name) }
        return Response.json(capacity: 2000 * shown.count + 64) { json in
            json.array("items") { list in
                for mailbox in shown {
                    let state = states[mailbox.name] ?? MailboxState(at: .now)
                    list.object { state.write(mailbox, version: snapshot.version, to: &$0) }
                }
            }
            json.next(next)
        }
    }

    /// Replaces the mailbox of the address; its name stays.
    private func change(
        _ request: APIRequest, body: JSONValue?, _ made: @escaping @Sendable (JSONValue, JSONValue) -> JSONValue
    ) async throws -> Response {
        let name = try request.capture("name")
        if let given = body?["name"], given != .string(name) {
            throw Problem.unprocessable(
                "A mailbox keeps its name; copy it under another one.",
                errors: [.init(path: "/name", message: "must be \(name) or absent")])
        }
        return try await edit(request, body, status: 200) { mailboxes in
            var mailboxes = mailboxes
            let index = try Self.index(of: name, in: mailboxes)
            var object = made(mailboxes[index], body ?? [:]).objectValue ?? JSONObject()
            object["name"] = .string(name)
            mailboxes[index] = .object(object)
            return .init(mailboxes: mailboxes, index: index)
        }
    }

    private func edit(
        _ request: APIRequest, _ body: JSONValue?, status: Int,
        _ edit: @escaping @Sendable ([JSONValue]) throws -> EditMailboxes.Edit
    ) async throws -> Response {
        let runtime = try await runtime(for: request)
        let principal = try request.principal
        var expected: [Int64]?
        if case .revisions(let versions)? = try request.ifMatch { expected = versions }
        return try await EditMailboxes(
            runtime: runtime, tenants: tenants, author: principal.subject, expected: expected
        ).perform(try Self.answerKey(request, principal, body), status: status, edit).response
    }

    /// The mailbox of that name.
    /// - Throws: ``Problem`` 404.
    static func mailbox(_ name: String, in snapshot: TenantSnapshot) throws(Problem) -> MailboxConfiguration {
        guard let mailbox = snapshot.configuration.mailbox(named: name) else { throw noSuchMailbox(name) }
        return mailbox
    }

    private static func noSuchMailbox(_ name: String) -> Problem {
        .notFound("The configuration has no mailbox \(name).")
    }

    private static func index(of name: String, in mailboxes: [JSONValue]) throws(Problem) -> Int {
        guard let index = mailboxes.firstIndex(where: { $0["name"] == .string(name) }) else {
            throw noSuchMailbox(name)
        }
        return index
    }

    private static func refuseTaken(_ name: JSONValue?, in mailboxes: [JSONValue]) throws(Problem) {
        guard let text = name?.stringValue, mailboxes.contains(where: { $0["name"] == .string(text) }) else { return }
        throw .conflict("There is a mailbox \(text) already; change it, or choose another name.")
    }
}

extension JSONValue {
    /// A merge patch (RFC 7396): objects merge, `null` takes away, everything else replaces.
    func merged(with patch: JSONValue) -> JSONValue {
        guard let changes = patch.objectValue else { return patch }
        var object = objectValue ?? JSONObject()
        for (key, value) in changes.members {
            object[key] = value.isNull ? nil : (object[key] ?? .object(JSONObject())).merged(with: value)
        }
        return .object(object)
    }
}
