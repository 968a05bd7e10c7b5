import Domain
import Foundation
import Hummingbird
import ServiceKit
import Storage

/// Secrets that a configuration names, and tests of mailboxes' connections.
extension CoreAPI {
    func mailboxSecrets(_ routes: inout Routes) {
        // Under mailboxes they have been since there were no others.
        secrets("/secrets", &routes)
        secrets("/mailboxes/secrets", &routes)
        refreshTokens(&routes)
        mailboxTests(&routes)
    }

    private func secrets(_ path: String, _ routes: inout Routes) {
        routes.get(path, access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let page = try ListPage(request.query, of: "secrets", cursor)
            let after = try page.position(\.stringValue)
            let (shown, next) = page.cut(
                try await secrets(of: runtime).names(after: after, limit: page.limit + 1)
            ) { .string($0.name) }
            return Response.json { json in
                json.array("items") { list in
                    for secret in shown {
                        list.object {
                            $0.member("name", secret.name)
                            $0.member("updatedAt", secret.updatedAt)
                        }
                    }
                }
                json.next(next)
            }
        }
        routes.put("\(path)/{name}", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let name = try request.capture("name")
            if let problem = TextRule.pathName.problem(with: name) { throw Problem.badRequest(at: "name", problem) }
            let secret = try MailboxSecrets.secret(in: try await request.object())
            guard let box = dependencies.secrets else {
                throw Problem.unavailable(
                    "MILLRACE_SECRETS_KEY is not set for the core service, so that no secret can be sealed.",
                    retryAfter: 60)
            }
            try await secrets(of: runtime).store(
                secret, as: name, by: request.principal.subject, box: box, at: .now)
            runtime.announceMail()
            return .noContent
        }
        routes.delete("\(path)/{name}", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            guard try await secrets(of: runtime).remove(try request.capture("name")) else {
                throw Problem.notFound("There is no such secret.")
            }
            return .noContent
        }
    }

    private func mailboxTests(_ routes: inout Routes) {
        routes.post("/mailboxes/{name}/test", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            try await request.objectIfPresent().refuseMembers(otherThan: [])
            let mailbox = try Self.mailbox(try request.capture("name"), in: runtime.snapshot)
            let test = MailboxTest(id: UUIDv7.next(), mailbox: mailbox.name)
            try await MailboxTests(pool: dependencies.pool, tenant: runtime.tenant).ask(test, at: .now)
            runtime.announceMail()
            return .json(status: .accepted, location: "/iwd/v3/mailboxes/tests/\(test.id.dashedText)") {
                test.write(to: &$0)
            }
        }
        routes.get("/mailboxes/tests/{id}", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let query = try request.query
            try query.refuseOthers(than: "wait")
            let seconds = try query.integer("wait", default: 0, in: 0...60)
            guard let id = UUID(anyText: try request.capture("id")) else { throw Self.noSuchTest }
            let tests = MailboxTests(pool: dependencies.pool, tenant: runtime.tenant)
            guard let test = try await tests.find(id) else { throw Self.noSuchTest }
            guard test.result == nil, seconds > 0 else { return .json(capacity: 300) { test.write(to: &$0) } }
            let done = try await request.longPoll(upTo: .seconds(seconds)) { () -> MailboxTest? in
                while true {
                    try await Task.sleep(for: .milliseconds(200))
                    guard let test = try await tests.find(id) else { throw Self.noSuchTest }
                    if test.result != nil { return test }
                }
            }
            return .json(capacity: 300) { (done ?? test).write(to: &$0) }
        }
        routes.post("/mailboxes/tests/{id}", access: .anyOf(.mail)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            guard let id = UUID(anyText: try request.capture("id")),
                try await MailboxTests(pool: dependencies.pool, tenant: runtime.tenant)
                    .answer(id, with: try MailboxTest.result(in: body))
            else { throw Self.noSuchTest }
            return .noContent
        }
    }

    /// What the email service does to the secrets of its mailboxes.
    func refreshTokens(_ routes: inout Routes) {
        routes.get("/mailboxes/secrets/{name}/sealed", access: .anyOf(.mail)) { request in
            let runtime = try await runtime(for: request)
            let sealed = try await secrets(of: runtime).sealed()
            guard let box = sealed[try request.capture("name")] else {
                throw Problem.notFound("There is no such secret.")
            }
            return .json { $0.member("sealed", Data(box).base64EncodedString()) }
        }
        routes.put("/mailboxes/secrets/{name}/refresh-token", access: .anyOf(.mail)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["replaces", "sealed"])
            guard let digest = body["replaces"]?.stringValue.flatMap(EmailAttachment.digest) else {
                throw Self.wrong("/replaces", "must be a SHA-256 in hexadecimal digits")
            }
            guard let sealed = body["sealed"]?.stringValue.flatMap({ Data(base64Encoded: $0) }) else {
                throw Self.wrong("/sealed", "must be a token that was sealed as the secret is")
            }
            guard let box = dependencies.secrets else {
                throw Problem.unavailable(
                    "MILLRACE_SECRETS_KEY is not set for the core service, so that no secret can be opened.",
                    retryAfter: 60)
            }
            try await RefreshTokens(secrets: secrets(of: runtime), box: box)
                .replace(try request.capture("name"), digest, by: Array(sealed))
            runtime.announceMail()
            return .noContent
        }
    }

    private static let noSuchTest = Problem.notFound("There is no such test; they are kept for a day.")

    private func secrets(of runtime: TenantRuntime) -> MailboxSecrets {
        MailboxSecrets(pool: dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name)
    }
}
