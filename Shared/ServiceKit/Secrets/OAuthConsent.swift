import Crypto
import Domain
import Foundation

/// A person's consent to a mailbox being used: the link to the provider, and what comes back from there (RFC 6749,
/// section 4.1, with PKCE, RFC 7636).
///
/// Everything that must be known at the callback is in `state`, sealed: any instance can answer it, nobody can make
/// one, and the code verifier stays secret.
public struct OAuthConsent: Sendable {
    /// What was begun.
    public struct Begun: Sendable, Hashable {
        /// The tenant's name.
        public var tenant: String
        /// Name of the secret that the refresh token goes into.
        public var secret: String
        /// Who asked for the link.
        public var author: String
        /// Where the provider sends the browser to; told again when the code is redeemed.
        public var redirect: String
        /// What kind of mailbox it is for.
        public var kind: String
        /// PKCE's code verifier.
        public var verifier: String

        /// A consent that is to be asked for.
        /// - Parameter verifier: 43 to 128 characters; nil makes one.
        public init(
            tenant: String, secret: String, author: String, redirect: String, kind: String, verifier: String? = nil
        ) {
            self.tenant = tenant
            self.secret = secret
            self.author = author
            self.redirect = redirect
            self.kind = kind
            self.verifier = verifier ?? OAuthConsent.text(of: (0..<32).map { _ in UInt8.random(in: 0...255) })
        }

        /// PKCE's challenge, method S256.
        public var challenge: String { OAuthConsent.text(of: SHA256.hash(data: Array(verifier.utf8))) }
    }

    /// Milliseconds for which a link is good.
    public static let lifetime: Int64 = 600_000
    private static let purpose = "millrace/oauth-consent"
    private let box: SecretBox

    /// - Parameter box: seals the state.
    public init(box: SecretBox) { self.box = box }

    /// The address at the provider that the person is sent to.
    /// - Parameters:
    ///   - endpoint: the provider's authorization endpoint.
    ///   - parameters: what it asks for besides the standard's own.
    public func link(
        _ begun: Begun, endpoint: String, client: String, parameters: [(name: String, value: String)], at now: Instant
    ) throws -> String {
        let state: JSONValue = [
            "tenant": .string(begun.tenant), "secret": .string(begun.secret), "author": .string(begun.author),
            "redirect": .string(begun.redirect), "kind": .string(begun.kind), "verifier": .string(begun.verifier),
            "until": .integer((now + Self.lifetime).milliseconds),
        ]
        let sealed = Self.text(of: try box.seal(state.bytes, for: Self.purpose))
        let all =
            [
                (name: "response_type", value: "code"), (name: "client_id", value: client),
                (name: "redirect_uri", value: begun.redirect), (name: "state", value: sealed),
                (name: "code_challenge", value: begun.challenge), (name: "code_challenge_method", value: "S256"),
            ] + parameters
        let query = all.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
        return endpoint + (endpoint.contains("?") ? "&" : "?") + query
    }

    /// What was begun, read from the state that came back; nil for one that we did not make or that is too old.
    public func begun(state: String, at now: Instant) -> Begun? {
        guard let sealed = Self.bytes(of: state), let opened = try? box.open(sealed, for: Self.purpose),
            let value = try? JSONValue(parsing: opened), let until = value["until"]?.integerValue,
            now.milliseconds <= until
        else { return nil }
        func text(_ name: String) -> String { value[name]?.stringValue ?? "" }
        return Begun(
            tenant: text("tenant"), secret: text("secret"), author: text("author"), redirect: text("redirect"),
            kind: text("kind"), verifier: text("verifier"))
    }

    /// The form that redeems a code at the token server.
    public static func redemption(of code: String, _ begun: Begun, client: String, clientSecret: String?) -> [UInt8] {
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", begun.redirect),
            ("client_id", client), ("code_verifier", begun.verifier),
        ]
        if let clientSecret { form.append(("client_secret", clientSecret)) }
        return Array(form.map { "\($0)=\(encoded($1))" }.joined(separator: "&").utf8)
    }

    /// base64url without padding.
    static func text(of bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func bytes(of text: String) -> [UInt8]? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: padded).map(Array.init)
    }

    private static func encoded(_ text: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-._~")
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}
