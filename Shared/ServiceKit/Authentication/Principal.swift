/// What a credential may be used for. `mail` is for the email service, `mart` for the data mart, `search`
/// for the search index. `admin` covers every role
/// of its tenant; `system` covers `admin` and what goes beyond a tenant (creating tenants, health of the whole installation).
public enum Role: String, Sendable, CaseIterable {
    case admin, supervisor, agent, source, reader, mail, mart, search, system

    var bit: UInt16 {
        switch self {
        case .admin: 1
        case .supervisor: 2
        case .agent: 4
        case .source: 8
        case .reader: 16
        case .system: 32
        case .mail: 64
        case .mart: 128
        case .search: 256
        }
    }
}

/// A set of roles.
public struct Roles: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
    private var bits: UInt16 = 0

    /// The empty set.
    public init() {}

    /// The set of the given roles.
    public init(_ roles: some Sequence<Role>) {
        for role in roles { bits |= role.bit }
    }

    /// `[.agent, .reader]`.
    public init(arrayLiteral elements: Role...) { self.init(elements) }

    /// Whether `role` itself is in the set.
    public func contains(_ role: Role) -> Bool { bits & role.bit != 0 }

    /// Whether the set has none.
    public var isEmpty: Bool { bits == 0 }

    /// Adds a role.
    public mutating func insert(_ role: Role) { bits |= role.bit }

    /// Whether the set grants `role`, itself or through a wider role.
    public func grants(_ role: Role) -> Bool {
        if contains(role) || contains(.system) { return true }
        return role != .system && contains(.admin)
    }

    /// Members in declaration order.
    public var members: [Role] { Role.allCases.filter(contains) }

    /// Names, separated by commas.
    public var description: String { members.map(\.rawValue).joined(separator: ",") }
}

/// Who makes a request, as the credential says. The tenant comes from here and never from a body.
public struct Principal: Sendable, Hashable {
    /// The tenant's id.
    public var tenant: Int32
    /// The tenant's name.
    public var tenantName: String
    /// Who: the `sub` of a token, or the name of a key.
    public var subject: String
    /// What it may do.
    public var roles: Roles
    /// The source whose work items this credential may submit; nil: any source of the tenant.
    public var source: String?
    /// The agent that this credential is; nil: none.
    public var agent: String?
    /// Id of the API key; nil for a token.
    public var keyID: String?

    /// Makes a principal.
    public init(
        tenant: Int32, tenantName: String, subject: String, roles: Roles, source: String? = nil, agent: String? = nil,
        keyID: String? = nil
    ) {
        self.tenant = tenant
        self.tenantName = tenantName
        self.subject = subject
        self.roles = roles
        self.source = source
        self.agent = agent
        self.keyID = keyID
    }

    /// Whether one of `roles` is granted.
    public func has(_ roles: Role...) -> Bool { roles.contains(where: self.roles.grants) }

    /// - Throws: ``Problem`` 403 unless one of `roles` is granted.
    public func require(_ roles: Role...) throws(Problem) { try require(anyOf: roles) }

    /// - Throws: ``Problem`` 403 unless one of `roles` is granted.
    public func require(anyOf roles: [Role]) throws(Problem) {
        for role in roles where self.roles.grants(role) { return }
        let wanted = roles.map(\.rawValue).joined(separator: ", ")
        throw .forbidden("This needs one of the roles: \(wanted). The credential has: \(self.roles).")
    }

    /// Whoever acts for agent `id`: the agent itself, or a supervisor.
    /// - Throws: ``Problem`` 403 for anybody else.
    public func requireAgent(_ id: String) throws(Problem) {
        if has(.supervisor) || (has(.agent) && agent == id) { return }
        throw .forbidden("The credential may not act for agent \(id).")
    }

    /// Whoever submits for source `name`: a credential bound to it, or one that is bound to none and may submit.
    /// - Throws: ``Problem`` 403 for anybody else.
    public func requireSource(_ name: String) throws(Problem) {
        if has(.source), source == nil || source == name { return }
        throw .forbidden("The credential may not act for source \(name).")
    }
}
