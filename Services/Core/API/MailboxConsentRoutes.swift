import Domain
import Foundation
import Hummingbird
import ServiceKit

/// Consent to the use of a mailbox at a provider: the link for a person, and the provider's callback.
extension CoreAPI {
    func mailboxConsent(_ routes: inout Routes) {
        routes.post("/mailboxes/secrets/{name}/consent", access: .anyOf(.admin)) { request in
            let runtime = try await runtime(for: request)
            let body = try await request.object()
            try body.refuseMembers(otherThan: ["redirectUri", "kind"])
            let name = try request.capture("name")
            let redirect = body["redirectUri"]?.stringValue ?? ""
            guard redirect.utf8.count <= 2000, let address = OutboundURL(redirect),
                address.isSecure || ["localhost", "127.0.0.1", "::1"].contains(address.host)
            else {
                throw Problem.unprocessable(
                    "The callback's address is missing.",
                    errors: [
                        .init(
                            path: "/redirectUri",
                            message: "must be where this API is reached, such as https://HOST/iwd/v3/mailboxes/consent")
                    ])
            }
            guard let kind = body["kind"]?.stringValue.flatMap(MailboxConfiguration.Kind.init(rawValue:)) else {
                let kinds = MailboxConfiguration.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.unprocessable(
                    "The kind of mailbox is missing.",
                    errors: [.init(path: "/kind", message: "must be one of \(kinds)")])
            }
            let (box, secret) = try await openSecret(name, tenant: runtime)
            guard let client = secret["clientId"]?.stringValue, let consent = ProviderOAuth.consent(secret, for: kind)
            else {
                throw Problem.unprocessable(
                    "Consent cannot be asked for with this secret; it needs clientId, and for generic mailboxes an "
                        + "authorizationUrl.")
            }
            let now = Instant.now
            let begun = OAuthConsent.Begun(
                tenant: runtime.name, secret: name, author: try request.principal.subject, redirect: redirect,
                kind: kind.rawValue)
            let link = try OAuthConsent(box: box).link(
                begun, endpoint: consent.address, client: client, parameters: consent.parameters, at: now)
            return Response.json { json in
                json.member("url", link)
                json.member("validUntil", now + OAuthConsent.lifetime)
            }
        }
        routes.get("/mailboxes/consent", access: .everyone) { request in try await consented(request) }
    }

    /// The provider has sent the browser back.
    private func consented(_ request: APIRequest) async throws -> Response {
        let query = try request.query
        guard let box = dependencies.secrets, let state = try query.string("state"),
            let begun = OAuthConsent(box: box).begun(state: state, at: .now),
            let runtime = tenants.runtime(named: begun.tenant)
        else {
            throw Problem.badRequest(at: "state", "was not made here, or is too old; ask for a new link")
        }
        guard let code = try query.string("code") else {
            throw Problem.unprocessable("Consent was not given; nothing has been changed.")
        }
        let (_, secret) = try await openSecret(begun.secret, tenant: runtime)
        let kind = MailboxConfiguration.Kind(rawValue: begun.kind) ?? .generic
        let completed = ProviderOAuth.completed(secret, for: kind)
        guard let client = secret["clientId"]?.stringValue, let url = completed["tokenUrl"]?.stringValue,
            var members = secret.objectValue
        else { throw Problem.unprocessable("The secret has been changed meanwhile; ask for a new link.") }
        let answer: OutboundHTTP.Answer
        do {
            answer = try await dependencies.outbound.send(
                "POST", url,
                headers: [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")],
                body: OAuthConsent.redemption(
                    of: code, begun, client: client, clientSecret: secret["clientSecret"]?.stringValue))
        } catch is OutboundHTTP.Failure {
            throw Problem.unavailable("The provider's token server cannot be reached; try again.")
        }
        let value = try? JSONValue(parsing: answer.body)
        guard answer.status == 200, let token = value?["refresh_token"]?.stringValue else {
            throw Problem.unprocessable("The provider gave no refresh token; ask for a new link.")
        }
        members["refreshToken"] = .string(token)
        members["accessToken"] = nil
        try await mailboxSecrets(of: runtime).store(
            JSONValue.object(members).canonical().bytes, as: begun.secret, by: begun.author, box: box, at: .now)
        runtime.announceMail()
        return .bytes(Array(Self.thanks.utf8), contentType: "text/html; charset=utf-8")
    }

    private func openSecret(_ name: String, tenant: TenantRuntime) async throws -> (SecretBox, JSONValue) {
        guard let box = dependencies.secrets else {
            throw Problem.unavailable(
                "MILLRACE_SECRETS_KEY is not set for the core service, so that no secret can be opened.", retryAfter: 60
            )
        }
        guard let sealed = try await mailboxSecrets(of: tenant).sealed()[name] else {
            throw Problem.notFound("There is no such secret; store one with clientId and clientSecret first.")
        }
        guard let opened = try? box.open(sealed, for: SecretBox.purpose(tenant: tenant.name, secret: name)),
            let secret = try? JSONValue(parsing: opened)
        else {
            throw Problem.unprocessable("The secret was sealed under another key; store it again.")
        }
        return (box, secret)
    }

    private func mailboxSecrets(of runtime: TenantRuntime) -> MailboxSecrets {
        MailboxSecrets(pool: dependencies.pool, tenant: runtime.tenant, tenantName: runtime.name)
    }

    private static let thanks = """
        <!doctype html><html lang="en"><meta charset="utf-8"><title>Millrace</title>
        <p>Millrace may use the mailbox now. You can close this window.</p></html>
        """
}
