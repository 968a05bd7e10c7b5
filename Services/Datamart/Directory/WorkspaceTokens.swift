import Domain
import Foundation
import ServiceKit

/// Access tokens for requests to outside APIs: fetched from the workspace's auth endpoint by client credentials (RFC 6749,
/// 4.4), kept, and renewed before they end.
package actor WorkspaceTokens {
    /// Posts a form and gives status and body.
    package typealias Post =
        @Sendable (_ url: String, _ headers: [(name: String, value: String)], _ form: String) async throws -> (
            Int, [UInt8]
        )

    private struct Kept {
        let token: String
        /// From here on another one is fetched; until its end it still does when none can be.
        let renewal: ContinuousClock.Instant
        let end: ContinuousClock.Instant
    }

    private let post: Post
    private let clock: @Sendable () -> ContinuousClock.Instant
    private var kept: [String: Kept] = [:]

    /// - Parameter clock: the time, for tests.
    package init(clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, post: @escaping Post) {
        self.clock = clock
        self.post = post
    }

    /// Tokens by a client that calls only what the guard admits.
    init(http: OutboundHTTP) {
        self.init { url, headers, form in
            let answer = try await http.send("POST", url, headers: headers, body: Array(form.utf8))
            return (answer.status, answer.body)
        }
    }

    /// Whether another token of an endpoint has to be fetched.
    package func isDue(_ tokenUrl: String) -> Bool {
        !kept.contains { $0.key.hasPrefix("\(tokenUrl)\n") && clock() < $0.value.renewal }
    }

    /// A token that is good for a while.
    /// - Parameter secret: with `clientId` and `clientSecret`.
    /// - Throws: ``MartProblem`` when the endpoint refuses, `OutboundHTTP.Failure` when it cannot be reached.
    package func token(tokenUrl: String, secret: JSONObject) async throws -> String {
        let key = try Self.place(tokenUrl, secret)
        if let found = kept[key], clock() < found.renewal { return found.token }
        do {
            return try await renew(tokenUrl: tokenUrl, secret: secret)
        } catch {
            if let found = kept[key], clock() < found.end, !(error is MartProblem) { return found.token }
            throw error
        }
    }

    /// Fetches a token, also when the one that is kept still holds, and keeps it from then on.
    /// - Throws: as ``token(tokenUrl:secret:)`` does; the one that was kept stays.
    @discardableResult
    package func renew(tokenUrl: String, secret: JSONObject) async throws -> String {
        let key = try Self.place(tokenUrl, secret)
        let new = try await fetch(tokenUrl, secret)
        kept[key] = new
        return new.token
    }

    /// Where a client's token is kept.
    private static func place(_ tokenUrl: String, _ secret: JSONObject) throws -> String {
        "\(tokenUrl)\n\(try client(secret).name)"
    }

    private static func client(_ secret: JSONObject) throws -> (name: String, password: String) {
        guard let client = secret["clientId"]?.stringValue, let password = secret["clientSecret"]?.stringValue else {
            throw MartProblem("The workspace's secret needs clientId and clientSecret.")
        }
        return (client, password)
    }

    private func fetch(_ url: String, _ secret: JSONObject) async throws -> Kept {
        let (client, password) = try Self.client(secret)
        let credentials = Data("\(Self.encoded(client)):\(Self.encoded(password))".utf8).base64EncodedString()
        let (status, body) = try await post(
            url,
            [
                ("authorization", "Basic \(credentials)"), ("content-type", "application/x-www-form-urlencoded"),
                ("accept", "application/json"),
            ], "grant_type=client_credentials")
        let value = try? JSONValue(parsing: body)
        guard status == 200, let token = value?["access_token"]?.stringValue else {
            let reason = value?["error"]?.stringValue ?? "status \(status)"
            if status >= 500 || status == 429 {
                throw CoreError(
                    code: .busy, status: status, description: "the workspace answers \(status)")
            }
            throw MartProblem("The workspace gives no token: \(reason.prefix(100)).")
        }
        KnownSecrets.shared.add(token)
        let seconds = max(1, min(value?["expires_in"]?.numberValue ?? 3600, 86_400))
        let now = clock()
        return Kept(token: token, renewal: now + .seconds(seconds * 0.8), end: now + .seconds(seconds))
    }

    /// Client credentials in a Basic header are form-encoded first (RFC 6749, 2.3.1).
    private static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
