import Crypto

/// API keys: `mr_` and 32 random bytes in base64url. Only their SHA-256 is stored: 256 random bits need no slow hash.
public struct APIKey: Sendable {
    /// What the owner is shown once.
    public let text: String
    /// What is stored and looked up, 32 bytes.
    public let hash: [UInt8]

    /// What every key begins with.
    public static let prefix = "mr_"

    /// A new random key.
    public static func generate() -> APIKey {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let text = prefix + Base64URL.encode(bytes)
        return APIKey(text: text, hash: Array(SHA256.hash(data: Array(text.utf8))))
    }

    /// The stored form of `text`; nil when it is not written as a key is.
    public static func hash(of text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix), let bytes = Base64URL.decode(text.dropFirst(prefix.count)), bytes.count == 32
        else { return nil }
        return Array(SHA256.hash(data: Array(text.utf8)))
    }
}

/// What is known of a key: whom it belongs to and until when.
public struct APIKeyRecord: Sendable {
    /// The stored hash; compared again in constant time.
    public var hash: [UInt8]
    /// Whom it belongs to; `keyID` is set.
    public var principal: Principal
    /// Milliseconds since 1970 from which it no longer holds; nil: until revoked.
    public var expires: Int64?

    /// Makes a record.
    public init(hash: [UInt8], principal: Principal, expires: Int64? = nil) {
        self.hash = hash
        self.principal = principal
        self.expires = expires
    }
}

/// Finds a key by its hash in the store; nil when there is none or it is revoked.
public typealias APIKeyLookup = @Sendable (_ hash: [UInt8]) async throws -> APIKeyRecord?
