/// Finds out whom a bearer credential belongs to.
public protocol Authenticator: Sendable {
    /// - Parameter credential: what follows `Bearer `, at most 16 KiB.
    /// - Returns: nil when the credential is not of the kind this authenticator knows.
    /// - Throws: ``Problem`` 401 when it is of that kind and does not hold, 503 when that cannot be found out now.
    func principal(for credential: String) async throws -> Principal?
}

/// Asks several authenticators in order; the first that knows the kind of credential decides.
public struct AuthenticatorChain: Authenticator {
    private let authenticators: [any Authenticator]

    /// Makes a chain, for example of API keys and tokens.
    public init(_ authenticators: [any Authenticator]) { self.authenticators = authenticators }

    /// See ``Authenticator``.
    public func principal(for credential: String) async throws -> Principal? {
        for authenticator in authenticators {
            if let principal = try await authenticator.principal(for: credential) { return principal }
        }
        return nil
    }
}
