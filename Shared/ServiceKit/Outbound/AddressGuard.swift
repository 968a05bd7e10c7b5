import NIOPosix

/// Decides which addresses of a configuration may be called, and what they resolve to.
///
/// An entry of the allow-list is a host name (`hooks.example.com`, `*.example.com`, `*`), an address or a range
/// (`10.1.0.0/16`), each with an optional port (`:8443`; IPv6 in brackets). A name admits the public addresses it
/// resolves to; private, loopback and link-local addresses are admitted by an address or a range only, so that no name
/// can be pointed inwards. Whoever connects takes the address that was checked and does not resolve again.
public struct AddressGuard: Sendable {
    /// One entry of the allow-list.
    public struct Entry: Sendable, Hashable {
        enum Host: Sendable, Hashable {
            case any
            case name(String)
            case below(String)
            case range(AddressRange)
        }

        let host: Host
        let port: Int?

        /// Reads an entry; nil when it is not one.
        public init?(_ text: String) {
            if let range = AddressRange(text) {
                host = .range(range)
                port = nil
                return
            }
            var name = Substring(text)
            var port: Int?
            if let colon = text.lastIndex(of: ":") {
                guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                    return nil
                }
                port = number
                name = text[..<colon]
            }
            self.port = port
            if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
            if let range = AddressRange(String(name)) {
                host = .range(range)
            } else if name == "*" {
                host = .any
            } else if name.hasPrefix("*."), let (rest, _) = OutboundURL.split(name.dropFirst(2), defaultPort: 1) {
                host = .below("." + rest)
            } else if !name.contains(":"), let (rest, _) = OutboundURL.split(name, defaultPort: 1) {
                host = .name(rest)
            } else {
                return nil
            }
        }

        func admits(name: String, port: Int) -> Bool {
            guard self.port == nil || self.port == port else { return false }
            switch host {
            case .any: return true
            case .name(let own): return own == name
            case .below(let suffix): return name.hasSuffix(suffix)
            case .range: return false
            }
        }

        func admits(_ address: IPAddress, port: Int) -> Bool {
            guard self.port == nil || self.port == port, case .range(let range) = host else { return false }
            return range.contains(address)
        }
    }

    /// Why a call is refused.
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong and which setting would change it.
        public let description: String
    }

    private let entries: [Entry]
    private let resolve: @Sendable (_ host: String) async throws -> [IPAddress]

    /// - Parameters:
    ///   - allow: what may be called; empty: nothing.
    ///   - resolve: name to addresses; the system's resolver unless a test says otherwise.
    public init(
        allow: [Entry], resolve: @escaping @Sendable (_ host: String) async throws -> [IPAddress] = resolveBySystem
    ) {
        entries = allow
        self.resolve = resolve
    }

    /// The address to connect to for `host` and `port`.
    /// - Throws: ``Refusal`` when the allow-list does not cover it or it does not resolve; `CancellationError`.
    public func address(host: String, port: Int) async throws -> IPAddress {
        try await addresses(host: host, port: port)[0]
    }

    /// The addresses that may be connected to for `host` and `port`, as the resolver orders them; never none.
    /// - Throws: as ``address(host:port:)``.
    func addresses(host: String, port: Int) async throws -> [IPAddress] {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let isNameAdmitted = entries.contains { $0.admits(name: name, port: port) }
        guard isNameAdmitted || hasRanges else {
            throw Refusal(description: "\(name):\(port) is not on the list MILLRACE_OUTBOUND_ALLOW")
        }
        let addresses: [IPAddress]
        if let literal = IPAddress(name) {
            addresses = [literal]
        } else {
            do {
                addresses = try await resolve(name)
            } catch let error as CancellationError {
                throw error
            } catch {
                throw Refusal(description: "\(name) cannot be resolved: \(error)")
            }
        }
        let admitted = addresses.filter { address in
            isNameAdmitted && address.isPublic || entries.contains { $0.admits(address, port: port) }
        }
        guard admitted.isEmpty else { return admitted }
        throw Refusal(
            description: isNameAdmitted
                ? "\(name):\(port) resolves to no public address; MILLRACE_OUTBOUND_ALLOW must list its address or range"
                : "\(name):\(port) is not on the list MILLRACE_OUTBOUND_ALLOW, nor is its address")
    }

    /// Whether `url` could be admitted, as far as that shows without resolving: for checks at start.
    public func couldAdmit(_ url: OutboundURL) -> Bool {
        if let address = IPAddress(url.host) {
            return entries.contains { $0.admits(address, port: url.port) }
                || (address.isPublic && entries.contains { $0.admits(name: url.host, port: url.port) })
        }
        return hasRanges || entries.contains { $0.admits(name: url.host, port: url.port) }
    }

    private var hasRanges: Bool {
        entries.contains { if case .range = $0.host { true } else { false } }
    }
}
