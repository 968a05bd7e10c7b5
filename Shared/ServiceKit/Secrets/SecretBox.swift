import Crypto
import Foundation

/// Seals what must not lie readable in a database: AES-256-GCM under a key from the environment.
///
/// A box is nonce, ciphertext and tag in one. What it is for (tenant and name) is authenticated with it, so that a box
/// that is put in another's place does not open.
public struct SecretBox: Sendable {
    private let key: SymmetricKey

    /// - Parameter key: 32 bytes.
    public init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// Seals.
    /// - Parameter purpose: names what it is for; the same must be given to open it.
    public func seal(_ secret: [UInt8], for purpose: String) throws -> [UInt8] {
        let box = try AES.GCM.seal(secret, using: key, authenticating: Array(purpose.utf8))
        // Nonces of 12 bytes, as here, always combine.
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return Array(combined)
    }

    /// Opens a box.
    /// - Throws: when it was sealed under another key or for something else, or has been changed.
    public func open(_ box: [UInt8], for purpose: String) throws -> [UInt8] {
        Array(try AES.GCM.open(AES.GCM.SealedBox(combined: box), using: key, authenticating: Array(purpose.utf8)))
    }

    /// What the secret of a mailbox is sealed for.
    public static func purpose(tenant: String, secret: String) -> String { "millrace/\(tenant)/\(secret)" }

    /// HMAC-SHA256 of a text, under a key that is derived for that use alone.
    public func signature(of text: String, use: String) -> [UInt8] {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, info: Array("millrace/\(use)".utf8), outputByteCount: 32)
        return Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: derived))
    }
}
