/// A mail server and how it is spoken to.
public struct MailServerConfiguration: Sendable, Hashable {
    /// How the connection is secured.
    public enum Security: String, Sendable, CaseIterable {
        /// TLS from the first byte.
        case tls
        /// Plain until STARTTLS, which must succeed.
        case startTls
        /// Not at all: to this machine or a private address only.
        case plain
    }

    /// Name or address.
    public var host: String
    /// Port.
    public var port: Int
    /// How the connection is secured.
    public var security: Security

    static func read(
        _ value: JSONValue, at pointer: JSONPointer, usualPort: Int, problems: ProblemCollector
    ) -> MailServerConfiguration? {
        let known = ["host", "port", "security"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let port = reader.integer("port", in: 1...65_535) ?? usualPort
        let security: Security = reader.choice("security", "security") ?? .tls
        guard let host = reader.requiredText("host", TextRule(bytes: 1...253, slashes: false)) else { return nil }
        guard !host.contains(" "), !host.contains("@") else {
            reader.report("host", "Expected the name or address of a server, without scheme, user and port.")
            return nil
        }
        if security == .plain, !isNear(host) {
            reader.report(
                "security", "Plain is for this machine and private addresses only; use tls or startTls to \(host).")
        }
        return MailServerConfiguration(host: host, port: port, security: security)
    }

    /// Loopback, or an address of RFC 1918: what leaves no network of one's own.
    private static func isNear(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts[2] != nil, parts[3] != nil else {
            return false
        }
        return first == 127 || first == 10 || (first == 192 && second == 168)
            || (first == 172 && (16...31).contains(second))
    }

    var document: JSONValue {
        ["host": .string(host), "port": .integer(Int64(port)), "security": .string(security.rawValue)]
    }
}

/// Who a mailbox signs in as. The secret itself is stored elsewhere, sealed.
public struct MailCredentials: Sendable, Hashable {
    /// How the secret is shown to the server.
    public enum Method: String, Sendable, CaseIterable { case password, xoauth2 }

    /// User name.
    public var user: String
    /// Name of a stored secret.
    public var secret: String
    /// How it is shown.
    public var method: Method

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> MailCredentials? {
        let known = ["user", "secret", "method"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let user = reader.requiredText("user", TextRule(bytes: 1...320))
        let secret = reader.requiredText("secret", .pathName)
        let method: Method = reader.choice("method", "method") ?? .password
        guard let user, let secret else { return nil }
        return MailCredentials(user: user, secret: secret, method: method)
    }

    var document: JSONValue {
        ["user": .string(user), "secret": .string(secret), "method": .string(method.rawValue)]
    }
}

/// A provider's own interface to a mailbox (Gmail, Microsoft Graph).
public struct MailInterface: Sendable, Hashable {
    /// Where it is; nil is the provider's usual address.
    public var baseURL: String?
    /// The mailbox there: an address, or `me`.
    public var user: String
    /// Name of a stored secret with client id, client secret and refresh token.
    public var secret: String

    static func read(_ value: JSONValue, at pointer: JSONPointer, problems: ProblemCollector) -> MailInterface? {
        let known = ["baseUrl", "user", "secret"]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        let baseURL = reader.text("baseUrl", TextRule(bytes: 8...2000))
        if let baseURL, !["https://", "http://"].contains(where: { baseURL.lowercased().hasPrefix($0) }) {
            reader.report("baseUrl", "Expected an address such as https://gmail.googleapis.com.")
        }
        let user = reader.requiredText("user", TextRule(bytes: 1...320))
        let secret = reader.requiredText("secret", .pathName)
        guard let user, let secret else { return nil }
        return MailInterface(baseURL: baseURL, user: user, secret: secret)
    }

    var document: JSONValue {
        var object = JSONObject()
        object["baseUrl"] = baseURL.map(JSONValue.string)
        object["user"] = .string(user)
        object["secret"] = .string(secret)
        return .object(object)
    }
}
