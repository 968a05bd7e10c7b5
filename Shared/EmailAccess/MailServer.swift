/// Where a mail server is, and how it is spoken to.
public struct MailServer: Sendable {
    /// How a connection is protected.
    public enum Security: String, Sendable, Hashable, CaseIterable {
        /// TLS from the first byte (ports 993 and 465).
        case tls
        /// Plain until both sides agree on TLS, which must succeed (ports 143 and 587).
        case startTls
        /// Not at all.
        case plain
    }

    /// Host name or numeric address; the certificate must be for this name.
    public var host: String
    /// TCP port.
    public var port: Int
    /// How the connection is protected.
    public var security: Security
    /// PEM file of certificates to trust instead of the system's.
    public var certificates: String?
    /// The numeric address to connect to for host and port: the address guard's word. It is asked for every
    /// connection, and nothing else is connected to.
    public var address: @Sendable (_ host: String, _ port: Int) async throws -> String

    /// Makes a description of a server.
    public init(
        host: String, port: Int, security: Security, certificates: String? = nil,
        address: @escaping @Sendable (_ host: String, _ port: Int) async throws -> String
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.certificates = certificates
        self.address = address
    }
}

/// Who one is at a mail server. Never printed: its description holds the user only.
public struct MailCredentials: Sendable, CustomStringConvertible, CustomReflectable {
    enum Secret: Sendable {
        case password(String)
        case token(String)
    }

    /// The user's name.
    public let user: String
    let secret: Secret

    /// By password: SASL PLAIN or LOGIN, or IMAP's LOGIN command where the server offers neither.
    public static func password(user: String, _ password: String) -> Self {
        Self(user: user, secret: .password(password))
    }

    /// By an OAuth 2.0 access token: SASL XOAUTH2.
    public static func xoauth2(user: String, token: String) -> Self {
        Self(user: user, secret: .token(token))
    }

    /// The user.
    public var description: String { "credentials of \(user)" }

    /// Shows the user only.
    public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

/// How long a server may take.
public struct MailPatience: Sendable, Hashable {
    /// Connecting, TLS and logging in together.
    public var connecting: Duration = .seconds(30)
    /// While an answer is awaited or a message is sent, at least ``leastBytes`` must move in each window this long.
    public var window: Duration = .seconds(60)
    /// Bytes that a window must bring unless the answer is complete before. A server that sends a byte a second, or
    /// stops in the middle of a message, is given up after one window.
    public var leastBytes = 1024
    /// How long the answer to a whole message sent may take; RFC 5321 4.5.3.2.6 asks for ten minutes.
    public var acceptance: Duration = .seconds(600)

    /// Makes the defaults.
    public init() {}
}
