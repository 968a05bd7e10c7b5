import Domain
import Foundation
import ServiceKit

/// Access tokens of OAuth 2.0, got by refresh token or client credentials and kept until shortly before their end.
///
/// Token servers are addresses of a configuration: every call passes the address guard.
actor OAuthTokens {
    private struct Kept {
        let token: String
        let expires: ContinuousClock.Instant
        /// What the next one is got by; nil for client credentials.
        var refreshToken: String?
    }

    /// A refresh token that came in place of a mailbox's.
    private struct Successor {
        /// The one that the mailbox was handed over with.
        let given: String
        let token: String
    }

    /// Tokens are renewed so long before their end.
    static let ahead = Duration.seconds(600)

    /// Keeps refresh tokens where the next start finds them.
    nonisolated let keeper: RefreshTokenKeeper
    private let http: OutboundHTTP
    private var kept: [String: Kept] = [:]
    private var asked: [String: Task<Kept, any Error>] = [:]
    private var successors: [String: Successor] = [:]

    init(http: OutboundHTTP, keeper: RefreshTokenKeeper) {
        self.http = http
        self.keeper = keeper
    }

    /// A token that is good for a while.
    /// - Parameter refused: one that a server has refused; it is not given again.
    /// - Throws: ``MailboxProblem`` when the token server refuses, `OutboundHTTP.Failure` when it cannot be reached.
    func token(
        of mailbox: MailboxAssignment, secret name: String, _ secret: JSONValue, refused: String? = nil
    ) async throws -> String {
        // One that was given by hand and cannot be renewed.
        if let fixed = secret["accessToken"]?.stringValue, secret["tokenUrl"] == nil { return fixed }
        let key = "\(mailbox.tenant)/\(name)/\(mailbox.revision)"
        if let found = kept[key], found.token != refused, found.expires - .now > Self.ahead {
            await keeper.tell(key)
            return found.token
        }
        if let running = asked[key] { return try await running.value.token }
        let renewal = Task { try await self.renew(key, name, of: mailbox.tenant, secret) }
        asked[key] = renewal
        defer { asked[key] = nil }
        do {
            let new = try await renewal.value
            kept[key] = new
            EmailMetrics.renewed("renewed")
            return new.token
        } catch {
            EmailMetrics.renewed("failed")
            // The old one may still do for a while.
            if let found = kept[key], found.token != refused, found.expires > .now,
                !(error is MailboxProblem)
            {
                return found.token
            }
            throw error
        }
    }

    /// Renews by the refresh token that is good now, and keeps the one that comes with the answer.
    private func renew(_ key: String, _ name: String, of tenant: String, _ secret: JSONValue) async throws -> Kept {
        guard let given = secret["refreshToken"]?.stringValue else { return try await ask(name, secret, by: nil) }
        let successor = successors[key]
        var used = successor?.given == given ? successor?.token ?? given : given
        let answer: Kept
        do {
            answer = try await ask(name, secret, by: used)
        } catch let problem as MailboxProblem {
            // Another mailbox with the same secret may have got a new one, or another instance.
            guard let present = await keeper.present(name, of: tenant, key: key), present != used else { throw problem }
            used = present
            answer = try await ask(name, secret, by: used)
        }
        let next = answer.refreshToken ?? used
        if next != given { successors[key] = Successor(given: given, token: next) }
        if next != used { await keeper.keep(next, for: used, key: key, name, of: tenant) }
        return answer
    }

    private func ask(_ name: String, _ secret: JSONValue, by refresh: String?) async throws -> Kept {
        func text(_ member: String) -> String? { secret[member]?.stringValue }
        guard let url = text("tokenUrl"), let client = text("clientId") else {
            throw MailboxProblem("The secret \(name) holds neither an accessToken nor clientId and tokenUrl.")
        }
        var form = [("client_id", client)]
        if let password = text("clientSecret") { form.append(("client_secret", password)) }
        if let refresh {
            form += [("grant_type", "refresh_token"), ("refresh_token", refresh)]
        } else {
            form.append(("grant_type", "client_credentials"))
        }
        if let scope = text("scope") { form.append(("scope", scope)) }
        let body = form.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        let answer = try await http.send(
            "POST", url,
            headers: [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")],
            body: Array(body.utf8))
        let value = try? JSONValue(parsing: answer.body)
        guard answer.status == 200, let token = value?["access_token"]?.stringValue else {
            if answer.status >= 500 || answer.status == 429 {
                throw CoreError(
                    code: .busy, status: answer.status, description: "the token server answers \(answer.status)")
            }
            let reason = value?["error"]?.stringValue ?? "status \(answer.status)"
            throw MailboxProblem(
                "The token server refuses the secret \(name): \(reason.prefix(100)). Give consent again.")
        }
        KnownSecrets.shared.add(token)
        let next = value?["refresh_token"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if let next { KnownSecrets.shared.add(next) }
        let seconds = value?["expires_in"]?.numberValue ?? 3600
        return Kept(
            token: token, expires: .now + .seconds(max(60, min(seconds, 86_400))),
            refreshToken: refresh == nil ? nil : next)
    }

    private static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
