import Domain
import Foundation
import ServiceKit

/// Access tokens of OAuth 2.0, got by refresh token or client credentials and renewed ahead of their end.
///
/// Token servers are addresses of a configuration: every call passes the address guard.
actor OAuthTokens {
    private struct Kept {
        let token: String
        let expires: ContinuousClock.Instant
        let renewal: ContinuousClock.Instant
        /// What the next one is got by; nil for client credentials, and where the one before goes on.
        var refreshToken: String?
    }

    /// Tokens are renewed so long before their end, or when a third of their life is left.
    private static let ahead = Duration.seconds(600)
    /// A renewal that has failed is tried again after so long while the old token does.
    private static let again = Duration.seconds(15)

    /// Knows refresh tokens, and has core keep them where the next start finds them.
    nonisolated let keeper: RefreshTokenKeeper
    private let http: OutboundHTTP
    private var kept: [String: Kept] = [:]
    private var asked: [String: Task<Kept, any Error>] = [:]
    private var failed: [String: (at: ContinuousClock.Instant, error: any Error)] = [:]
    /// One renewal of a secret at a time: the next one goes on with the token that this one gets.
    private var turns: [String: Slots] = [:]

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
        if let fixed = Self.fixed(secret) { return fixed }
        let key = Self.key(mailbox, name)
        if let refused, kept[key]?.token == refused { kept[key] = nil }
        if let found = kept[key] {
            let isTried = asked[key] != nil || failure(key) != nil
            if found.renewal > .now || (isTried && found.expires > .now) {
                await keeper.tell(name, of: mailbox.tenant)
                return found.token
            }
        }
        do {
            return try await renewed(key, name, of: mailbox.tenant, secret).token
        } catch {
            // The old one does for a while. That it cannot be renewed shows by `renewAhead`.
            if let found = kept[key], found.expires > .now { return found.token }
            throw error
        }
    }

    /// Renews a token whose end is near, unlike ``token(of:secret:_:refused:)`` also where the old one still does.
    /// - Returns: how long the present one does before it is to be renewed.
    /// - Throws: as ``token(of:secret:_:refused:)`` when it cannot be renewed.
    func renewAhead(
        of mailbox: MailboxAssignment, secret name: String, _ secret: JSONValue
    ) async throws -> Duration {
        if Self.fixed(secret) != nil { return Self.ahead }
        let key = Self.key(mailbox, name)
        if let found = kept[key], found.renewal > .now {
            await keeper.tell(name, of: mailbox.tenant)
            return found.renewal - .now
        }
        if let error = failure(key) { throw error }
        return try await renewed(key, name, of: mailbox.tenant, secret).renewal - .now
    }

    /// Why the last renewal failed, when that was just now.
    private func failure(_ key: String) -> (any Error)? {
        failed[key].flatMap { .now - $0.at < Self.again ? $0.error : nil }
    }

    /// One that was given by hand and cannot be renewed.
    private static func fixed(_ secret: JSONValue) -> String? {
        secret["tokenUrl"] == nil ? secret["accessToken"]?.stringValue : nil
    }

    private static func key(_ mailbox: MailboxAssignment, _ name: String) -> String {
        "\(mailbox.tenant)/\(name)/\(mailbox.revision)"
    }

    /// A new token; who asks for one that is on its way gets that.
    private func renewed(_ key: String, _ name: String, of tenant: String, _ secret: JSONValue) async throws -> Kept {
        if let running = asked[key] { return try await running.value }
        let turn = turns["\(tenant)/\(name)"] ?? Slots(1)
        turns["\(tenant)/\(name)"] = turn
        let renewal = Task { try await self.renew(name, of: tenant, secret, in: turn) }
        asked[key] = renewal
        defer { asked[key] = nil }
        do {
            let new = try await renewal.value
            kept[key] = new
            failed[key] = nil
            EmailMetrics.renewed("renewed")
            return new
        } catch {
            failed[key] = (.now, error)
            EmailMetrics.renewed("failed")
            throw error
        }
    }

    private nonisolated func renew(
        _ name: String, of tenant: String, _ secret: JSONValue, in turn: Slots
    ) async throws -> Kept {
        try await turn.use { _ in try await renew(name, of: tenant, secret) }
    }

    /// Renews by the refresh token that is good now, and keeps the one that comes with the answer.
    private func renew(_ name: String, of tenant: String, _ secret: JSONValue) async throws -> Kept {
        guard let given = secret["refreshToken"]?.stringValue else { return try await ask(name, secret, by: nil) }
        var used = await keeper.latest(for: given, name, of: tenant)
        for attempt in 1... {
            do {
                let answer = try await ask(name, secret, by: used)
                if let next = answer.refreshToken, next != used {
                    await keeper.keep(next, for: used, name, of: tenant)
                }
                return answer
            } catch let problem as MailboxProblem {
                // Another instance may have got a new one, perhaps once more meanwhile.
                guard attempt < 3, let other = await keeper.other(than: used, name, of: tenant) else { throw problem }
                used = other
            }
        }
        throw CancellationError()
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
        let begin = ContinuousClock.now
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
        let life = Duration.seconds(max(1, min(value?["expires_in"]?.numberValue ?? 3600, 86_400)))
        return Kept(
            token: token, expires: begin + life, renewal: begin + life - min(Self.ahead, life / 3),
            refreshToken: refresh == nil ? nil : next)
    }

    private static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
