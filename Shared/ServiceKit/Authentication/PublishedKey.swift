import Domain
import JWTKit

/// One usable key out of a JWK set (RFC 7517).
struct PublishedKey: Sendable {
    let index: Int
    let id: String?
    let type: String
    let curve: String?
    let algorithm: String?
    let key: JWK

    /// Reads a set. Keys that are for encryption, symmetric, or of an unknown kind are passed over.
    /// - Throws: ``KeySetError`` when this is not a key set, or it holds no key that can be used.
    static func list(_ bytes: [UInt8]) throws -> [PublishedKey] {
        guard let set = try? JSONValue(parsing: bytes), let items = set["keys"]?.arrayValue else {
            throw KeySetError.notAKeySet
        }
        let keys = items.prefix(100).enumerated().compactMap { index, item in PublishedKey(item, index) }
        guard !keys.isEmpty else { throw KeySetError.noUsableKey }
        return keys
    }

    private init?(_ value: JSONValue, _ index: Int) {
        guard let object = value.objectValue, let type = object["kty"]?.stringValue, type != "oct",
            object["use"]?.stringValue ?? "sig" == "sig"
        else { return nil }
        // JWTKit wants an identifier, and no private parts or certificates are needed to verify.
        var wanted = JSONObject()
        for name in ["kty", "alg", "crv", "x", "y", "n", "e"] {
            if let member = object[name] { wanted[name] = member }
        }
        wanted["kid"] = .string("key")
        guard let key = try? JWK(json: JSONValue.object(wanted).text) else { return nil }
        self.index = index
        self.type = type
        self.key = key
        id = object["kid"]?.stringValue
        curve = object["crv"]?.stringValue
        algorithm = object["alg"]?.stringValue
    }

    func serves(_ wanted: String) -> Bool {
        if let algorithm, algorithm != wanted { return false }
        switch wanted {
        case "ES256": return type == "EC" && curve == "P-256"
        case "ES384": return type == "EC" && curve == "P-384"
        case "EdDSA": return type == "OKP" && curve == "Ed25519"
        default: return type == "RSA"
        }
    }
}

/// Why a key set cannot be used.
enum KeySetError: Error {
    case notAKeySet
    case noUsableKey
}
