import Domain
import ServiceKit

/// What is asked for in `POST /keys`, checked against the configuration.
struct APIKeyDraft: Sendable {
    var name: String
    var roles: [Role]
    var source: String?
    var agent: String?
    var expiresAt: Instant?

    init(name: String, roles: [Role], source: String? = nil, agent: String? = nil, expiresAt: Instant? = nil) {
        self.name = name
        self.roles = roles
        self.source = source
        self.agent = agent
        self.expiresAt = expiresAt
    }

    init(body: JSONObject, snapshot: TenantSnapshot) throws(Problem) {
        var errors: [Problem.FieldError] = []
        func fail(_ path: String, _ message: String) { errors.append(.init(path: path, message: message)) }
        let known = ["name", "roles", "source", "agent", "expiresAt"]
        for key in body.keys where !known.contains(key) {
            fail("/\(key)", "unknown; known are \(known.joined(separator: ", "))")
        }
        let name = body["name"]?.stringValue ?? ""
        if !(1...100).contains(name.utf8.count) || name.unicodeScalars.contains(where: { $0.value < 32 }) {
            fail("/name", "must be a text of 1 to 100 bytes")
        }
        let grantable = Role.allCases.filter { $0 != .system }
        let wanted = body["roles"]?.arrayValue ?? []
        let roles = wanted.compactMap { $0.stringValue.flatMap(Role.init(rawValue:)) }.filter(grantable.contains)
        if roles.isEmpty || roles.count != wanted.count {
            fail("/roles", "must be a list of some of \(grantable.map(\.rawValue).joined(separator: ", "))")
        }
        func reference(_ key: String, _ kind: ConfigurationNames.Kind) -> String? {
            guard let value = body[key], !value.isNull else { return nil }
            guard let text = value.stringValue, snapshot.names.id(of: kind, text) != nil else {
                fail("/\(key)", "must name a \(key) of the configuration")
                return nil
            }
            return text
        }
        let source = reference("source", .source)
        let agent = reference("agent", .agent)
        var expiresAt: Instant?
        if let value = body["expiresAt"], !value.isNull {
            expiresAt = value.stringValue.flatMap { Instant(rfc3339: $0) }
            if expiresAt == nil || expiresAt.map({ $0 <= .now }) == true {
                fail("/expiresAt", "must be a date and time in the future, such as 2031-01-02T03:04:05Z")
            }
        }
        if !errors.isEmpty { throw Problem.unprocessable("The key cannot be made so.", errors: errors) }
        self.init(name: name, roles: roles, source: source, agent: agent, expiresAt: expiresAt)
    }
}
