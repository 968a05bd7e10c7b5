import Foundation

/// An IPv4 or IPv6 address as bytes. IPv4 written inside IPv6 (`::ffff:10.0.0.1`) is taken as IPv4.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    public let bytes: [UInt8]

    /// Whether it is IPv6.
    public var isVersion6: Bool { bytes.count == 16 }

    /// From 4 or 16 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        if bytes.count == 16, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 255, bytes[11] == 255 {
            self.bytes = Array(bytes[12...])
        } else {
            self.bytes = bytes
        }
    }

    /// From its standard text: four decimal numbers, or RFC 4291. Octal, hexadecimal and short forms are refused.
    public init?(_ text: String) {
        var version4 = in_addr()
        if inet_pton(AF_INET, text, &version4) == 1 {
            self.init(bytes: withUnsafeBytes(of: &version4) { Array($0) })
            return
        }
        var version6 = in6_addr()
        guard inet_pton(AF_INET6, text, &version6) == 1 else { return nil }
        self.init(bytes: withUnsafeBytes(of: &version6) { Array($0) })
    }

    /// Its standard text.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isVersion6 ? AF_INET6 : AF_INET
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether the address belongs to the open internet: not loopback, private, link-local, shared, reserved,
    /// documentation, benchmarking or multicast (IANA special-purpose registries), nor a form that embeds an IPv4
    /// address which is one of those (NAT64, 6to4).
    public var isPublic: Bool {
        if isVersion6 {
            if AddressRange.specialVersion6.contains(where: { $0.contains(self) }) { return false }
            if bytes[0] == 0x20, bytes[1] == 0x02 { return IPAddress(bytes: Array(bytes[2..<6]))?.isPublic ?? false }
            if bytes.starts(with: [0, 0x64, 0xff, 0x9b]) {
                return IPAddress(bytes: Array(bytes[12...]))?.isPublic ?? false
            }
            return bytes[0] & 0xe0 == 0x20
        }
        return !AddressRange.specialVersion4.contains { $0.contains(self) }
    }
}

/// A range of addresses, `10.0.0.0/8`.
public struct AddressRange: Sendable, Hashable {
    /// First address.
    public let address: IPAddress
    /// Leading bits that must agree.
    public let prefixLength: Int

    /// From `address/bits`, or a single address.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(String(parts[0])) else { return nil }
        let width = address.bytes.count * 8
        guard let bits = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(bits) else { return nil }
        self.address = address
        prefixLength = bits
    }

    /// Whether `other` is in the range.
    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        var bits = prefixLength
        for (mine, theirs) in zip(address.bytes, other.bytes) {
            guard bits > 0 else { return true }
            let mask: UInt8 = bits >= 8 ? 255 : ~(255 >> UInt8(bits))
            guard mine & mask == theirs & mask else { return false }
            bits -= 8
        }
        return true
    }

    static let specialVersion4: [AddressRange] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap(AddressRange.init)

    static let specialVersion6: [AddressRange] = [
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    ].compactMap(AddressRange.init)
}
