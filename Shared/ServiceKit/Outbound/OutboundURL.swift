/// An `http` or `https` address taken apart: only what Millrace asks of one, and nothing that two parsers could read
/// differently (user names, spaces, backslashes, fragments).
public struct OutboundURL: Sendable, Hashable, CustomStringConvertible {
    /// The address as given.
    public let text: String
    /// Whether it is `https`.
    public let isSecure: Bool
    /// Host in lower case, without brackets; a name or an address.
    public let host: String
    /// Port, also when it is the scheme's own.
    public let port: Int

    private let pathAndQuery: String
    /// Bytes; providers give links of several thousand.
    private static let greatest = 8192

    /// The address with scheme and host in lower case, so that every parser finds the host that was checked.
    var normalized: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(name):\(port)\(pathAndQuery)"
    }

    /// nil when this is not such an address.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.greatest,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let rest: Substring
        if text.lowercased().hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if text.lowercased().hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@"), !text.contains("#"),
            let (host, port) = Self.split(authority, defaultPort: isSecure ? 443 : 80)
        else { return nil }
        self.text = text
        self.host = host
        self.port = port
        let tail = rest.dropFirst(authority.count)
        pathAndQuery = tail.hasPrefix("/") ? String(tail) : "/" + tail
    }

    /// The address as given.
    public var description: String { text }

    static func split(_ authority: Substring, defaultPort: Int) -> (host: String, port: Int)? {
        let host: Substring
        var port = defaultPort
        var after: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
            guard IPAddress(String(host))?.isVersion6 == true else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            after = authority.dropFirst(host.count)
            guard !host.isEmpty, host.utf8.count <= 253,
                host.utf8.allSatisfy({
                    (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
                })
            else { return nil }
        }
        if after.hasPrefix(":") {
            after = after.dropFirst()
            guard !after.isEmpty, after.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(after),
                (1...65535).contains(number)
            else { return nil }
            port = number
        } else if !after.isEmpty {
            return nil
        }
        return (host.lowercased(), port)
    }
}
