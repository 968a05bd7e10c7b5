import Domain

/// An OpenID Connect issuer whose tokens are accepted.
public struct TokenIssuer: Sendable, Hashable {
    /// How a token names its tenant.
    public enum Tenant: Sendable, Hashable {
        /// Every token of this issuer belongs to this tenant.
        case fixed(String)
        /// The claim holds the tenant's name.
        case claim(String)
    }

    /// `iss`, exactly.
    public var issuer: String
    /// One of `aud`.
    public var audience: String
    /// Address of the key set.
    public var keySetURL: String
    /// Whom its tokens belong to.
    public var tenant: Tenant
    /// Claim that holds the roles, a list or words separated by spaces; dots lead into objects (`realm_access.roles`).
    public var rolesClaim: String
    /// The issuer's names for our roles; empty: the claim holds our names, of which `system` is then never granted.
    public var roles: [String: Role]

    /// Makes an issuer.
    public init(
        issuer: String, audience: String, keySetURL: String, tenant: Tenant, rolesClaim: String = "roles",
        roles: [String: Role] = [:]
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keySetURL = keySetURL
        self.tenant = tenant
        self.rolesClaim = rolesClaim
        self.roles = roles
    }

    /// Reads the JSON list of `MILLRACE_JWT_ISSUERS`.
    /// - Returns: the issuers, or what is wrong, with its place.
    public static func list(json text: String) -> Result<[TokenIssuer], ConfigurationValueError> {
        do throws(ConfigurationValueError) {
            let value: JSONValue
            do { value = try JSONValue(parsing: Array(text.utf8)) } catch {
                throw ConfigurationValueError("is not JSON: \(error.message) (at byte \(error.offset))")
            }
            guard let items = value.arrayValue else { throw ConfigurationValueError("must be a JSON list of objects") }
            var issuers: [TokenIssuer] = []
            for (index, item) in items.enumerated() { issuers.append(try one(item, "[\(index)]")) }
            let names = issuers.map(\.issuer)
            guard Set(names).count == names.count else {
                throw ConfigurationValueError("names an issuer twice; each may be there once")
            }
            return .success(issuers)
        } catch {
            return .failure(error)
        }
    }

    private static func one(_ value: JSONValue, _ place: String) throws(ConfigurationValueError) -> TokenIssuer {
        guard let object = value.objectValue else { throw ConfigurationValueError("\(place) must be an object") }
        let known = ["issuer", "audience", "jwksUrl", "tenant", "tenantClaim", "rolesClaim", "roles"]
        for key in object.keys where !known.contains(key) {
            throw ConfigurationValueError("\(place).\(key) is unknown; known are \(known.joined(separator: ", "))")
        }
        func text(_ key: String) throws(ConfigurationValueError) -> String? {
            guard let value = object[key] else { return nil }
            guard let text = value.stringValue, !text.isEmpty else {
                throw ConfigurationValueError("\(place).\(key) must be a text that is not empty")
            }
            return text
        }
        func required(_ key: String) throws(ConfigurationValueError) -> String {
            guard let text = try text(key) else { throw ConfigurationValueError("\(place).\(key) is missing") }
            return text
        }
        let address = try required("jwksUrl")
        guard OutboundURL(address) != nil else {
            throw ConfigurationValueError("\(place).jwksUrl must be an http or https address, not \(address)")
        }
        let tenant: Tenant
        switch (try text("tenant"), try text("tenantClaim")) {
        case (let name?, nil): tenant = .fixed(name)
        case (nil, let claim?): tenant = .claim(claim)
        default: throw ConfigurationValueError("\(place) must have either tenant or tenantClaim")
        }
        return TokenIssuer(
            issuer: try required("issuer"), audience: try required("audience"), keySetURL: address, tenant: tenant,
            rolesClaim: try text("rolesClaim") ?? "roles", roles: try roles(object["roles"], place))
    }

    private static func roles(
        _ value: JSONValue?, _ place: String
    ) throws(ConfigurationValueError) -> [String: Role] {
        guard let value else { return [:] }
        let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
        guard let object = value.objectValue else {
            throw ConfigurationValueError("\(place).roles must be an object from the issuer's names to \(names)")
        }
        var roles: [String: Role] = [:]
        for (name, value) in object.members {
            guard let role = value.stringValue.flatMap(Role.init(rawValue:)) else {
                throw ConfigurationValueError("\(place).roles.\(name) must be one of \(names)")
            }
            roles[name] = role
        }
        return roles
    }
}
