import Domain
import Foundation
import ServiceKit

extension CoreClient {
    /// A secret as core holds it now, sealed.
    func sealedSecret(_ name: String) async throws -> [UInt8]? {
        try await call(.GET, "/mailboxes/secrets/\(name)/sealed")["sealed"]?.stringValue
            .flatMap { Data(base64Encoded: $0) }.map(Array.init)
    }

    /// Has core keep a refresh token in place of the one that it came for.
    /// - Parameters:
    ///   - digest: SHA-256 of that one.
    ///   - sealed: the new one, sealed as the secret is.
    /// - Throws: ``CoreError``: `refused` when the secret holds another one meanwhile.
    func replaceRefreshToken(of name: String, _ digest: String, by sealed: [UInt8]) async throws {
        _ = try await call(
            .PUT, "/mailboxes/secrets/\(name)/refresh-token",
            ["replaces": .string(digest), "sealed": .string(Data(sealed).base64EncodedString())])
    }
}
