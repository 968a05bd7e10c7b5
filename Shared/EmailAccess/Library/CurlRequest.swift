/// What libcurl is asked to connect to.
struct CurlRequest: Sendable {
    /// The protocol of the session.
    enum Service: String, Sendable {
        case imap
        case smtp
    }

    var service: Service
    var server: MailServer
    /// Numeric address, as the guard gave it.
    var address: String
    var credentials: MailCredentials?
    var connecting: Duration
    /// What is told in EHLO.
    var clientName: String

    /// How a password is offered.
    enum Method {
        case sasl
        /// IMAP's LOGIN command.
        case login
    }

    /// - Throws: ``EmailAccessError/Code/invalidConfiguration`` when host or port make no sense.
    func url() throws(EmailAccessError) -> String {
        let host = server.host
        let isPlausible = host.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"): true
            case UInt8(ascii: ":"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard !host.isEmpty, isPlausible, (1...65535).contains(server.port) else {
            throw EmailAccessError(
                .invalidConfiguration, "The mail server must be a host name and a port from 1 to 65535.")
        }
        let scheme = service.rawValue + (server.security == .tls ? "s" : "")
        let path =
            service == .smtp
            ? clientName.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") } : ""
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(server.port)/\(path)"
    }

    /// The entry that binds the name to the address that was checked.
    var resolution: String { "\(server.host):\(server.port):\(address.contains(":") ? "[\(address)]" : address)" }

    /// The SASL mechanisms that may be used, in libcurl's words. Others that a server may offer (GSSAPI, NTLM) would be
    /// preferred by libcurl and fail for want of what they need.
    func loginOptions(_ method: Method) -> String? {
        switch credentials?.secret {
        case .none: nil
        case .token: "AUTH=XOAUTH2"
        // Left to itself, libcurl takes the command where it finds no mechanism that it knows.
        case .password: method == .login ? nil : "AUTH=PLAIN;AUTH=LOGIN"
        }
    }
}
