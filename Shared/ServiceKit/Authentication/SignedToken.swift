import Domain

/// A compact JWS taken apart and decoded strictly, not yet verified.
struct SignedToken {
    /// Algorithms that are accepted: asymmetric ones only. `none` and HMAC never are, whatever a key set says.
    static let algorithms: Set<String> = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]

    let algorithm: String
    let keyID: String?
    let claims: JSONObject
    let signed: [UInt8]
    let signature: [UInt8]

    init(_ text: String) throws(Problem) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]),
            let header = Self.object(parts[0]), let claims = Self.object(parts[1])
        else { throw .unauthorized("The token is not a signed JSON Web Token in compact form.") }
        guard let algorithm = header["alg"]?.stringValue, Self.algorithms.contains(algorithm) else {
            let list = Self.algorithms.sorted().joined(separator: ", ")
            throw .unauthorized("The token's algorithm is not accepted; accepted are \(list).")
        }
        guard header["crit"] == nil else {
            throw .unauthorized("The token has critical header parameters that are not understood here.")
        }
        self.algorithm = algorithm
        keyID = header["kid"]?.stringValue
        self.claims = claims
        self.signature = signature
        signed = Array(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    }

    private static func object(_ part: Substring) -> JSONObject? {
        guard let bytes = Base64URL.decode(part), let value = try? JSONValue(parsing: bytes) else { return nil }
        return value.objectValue
    }
}
