import Domain

/// The claims of a token whose signature holds.
struct TokenClaims {
    private let claims: JSONObject

    init(_ claims: JSONObject) { self.claims = claims }

    /// Checks `aud`, `exp` and `nbf`.
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - leeway: seconds.
    /// - Returns: milliseconds since 1970 from which the token no longer holds, with leeway.
    func check(audience: String, now: Int64, leeway: Int64) throws(Problem) -> Int64 {
        guard let claim = claims["aud"],
            claim.stringValue == audience || claim.arrayValue?.contains(.string(audience)) == true
        else { throw .unauthorized("The token is for another audience.") }
        guard let expires = try milliseconds("exp") else { throw .unauthorized("The token has no exp.") }
        guard expires + leeway * 1000 > now else { throw .unauthorized("The token has expired.") }
        if let notBefore = try milliseconds("nbf"), notBefore - leeway * 1000 > now {
            throw .unauthorized("The token is not valid yet.")
        }
        return expires + leeway * 1000
    }

    func subject() throws(Problem) -> String {
        guard let subject = claims["sub"]?.stringValue, (1...255).contains(subject.utf8.count) else {
            throw .unauthorized("The token has no sub of 1 to 255 bytes.")
        }
        return subject
    }

    func tenant(_ issuer: TokenIssuer) throws(Problem) -> String {
        switch issuer.tenant {
        case .fixed(let name): return name
        case .claim(let path):
            guard let name = claim(path)?.stringValue, !name.isEmpty else {
                throw .unauthorized("The token has no claim \(path) with the tenant's name.")
            }
            return name
        }
    }

    func roles(_ issuer: TokenIssuer) -> Roles {
        let claim = claim(issuer.rolesClaim)
        let names =
            claim?.arrayValue?.compactMap(\.stringValue)
            ?? claim?.stringValue?.split(separator: " ").map(String.init) ?? []
        var roles = Roles()
        for name in names {
            if issuer.roles.isEmpty {
                if let role = Role(rawValue: name), role != .system { roles.insert(role) }
            } else if let role = issuer.roles[name] {
                roles.insert(role)
            }
        }
        return roles
    }

    private func claim(_ path: String) -> JSONValue? {
        if let value = claims[path] { return value }
        var value: JSONValue? = .object(claims)
        for part in path.split(separator: ".") { value = value?[String(part)] }
        return value
    }

    private func milliseconds(_ name: String) throws(Problem) -> Int64? {
        guard let claim = claims[name] else { return nil }
        guard let seconds = claim.numberValue, (0...253_402_300_799).contains(seconds) else {
            throw .unauthorized("The token's \(name) is not a time in seconds since 1970.")
        }
        return Int64(seconds * 1000)
    }
}
