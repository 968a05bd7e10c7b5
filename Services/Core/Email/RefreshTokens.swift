import Crypto
import Domain
import Foundation
import ServiceKit
import Storage

/// Refresh tokens that a provider gave in place of the ones before. It is the person's consent that goes on: when the secret
/// was stored stays as it was, so that nobody connects anew.
struct RefreshTokens: Sendable {
    let secrets: MailboxSecrets
    let box: SecretBox

    /// Puts a token in the place of the one that it came for.
    /// - Parameters:
    ///   - digest: SHA-256 of the token that it came for.
    ///   - sealed: the new one, sealed as the secret is.
    /// - Throws: ``Problem``: 409 when the secret holds another one meanwhile, 404, 422.
    func replace(_ name: String, _ digest: [UInt8], by sealed: [UInt8]) async throws {
        let purpose = SecretBox.purpose(tenant: secrets.tenantName, secret: name)
        guard let token = try? box.open(sealed, for: purpose), (1...8192).contains(token.count),
            let text = String(validating: token, as: UTF8.self)
        else { throw CoreAPI.wrong("/sealed", "must be a token that was sealed as the secret is") }
        // Once more when somebody stores the secret at the same moment.
        for _ in 0..<3 {
            guard let before = try await secrets.sealed()[name] else {
                throw Problem.notFound("There is no such secret.")
            }
            guard let opened = try? box.open(before, for: purpose),
                var members = (try? JSONValue(parsing: opened))?.objectValue
            else { throw Problem.unprocessable("The secret was sealed under another key; store it again.") }
            let present = members["refreshToken"]?.stringValue
            // Told before: a repeat.
            if present == text { return }
            guard let present, Array(SHA256.hash(data: Array(present.utf8))) == digest else { break }
            members["refreshToken"] = .string(text)
            let after = try box.seal(JSONValue.object(members).canonical().bytes, for: purpose)
            if try await swap(name, before, for: after) { return }
        }
        throw Problem.conflict("The secret holds another refresh token meanwhile.")
    }

    private func swap(_ name: String, _ before: [UInt8], for after: [UInt8]) async throws -> Bool {
        try await secrets.pool.batch(
            tenant: secrets.tenant,
            [
                SQLStatement(
                    "UPDATE mailbox_secret SET sealed = $3 WHERE tenant = $1 AND name = $2 AND sealed = $4",
                    [.int4(secrets.tenant), .text(name), .bytes(after), .bytes(before)])
            ])[0].rowsAffected > 0
    }
}
