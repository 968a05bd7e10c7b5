import Foundation
import NIOPosix

/// Resolves by the system's resolver, which blocks, on NIO's own threads for that.
@Sendable public func resolveBySystem(_ host: String) async throws -> [IPAddress] {
    try await NIOThreadPool.singleton.runIfActive {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0, let first = list else { throw NameResolutionError(code: code) }
        defer { freeaddrinfo(first) }
        return sequence(first: first, next: { $0.pointee.ai_next }).compactMap { address(of: $0.pointee) }
    }
}

/// What the system's resolver said.
struct NameResolutionError: Error, CustomStringConvertible {
    let code: Int32

    var description: String { String(cString: gai_strerror(code)) }
}

private func address(of info: addrinfo) -> IPAddress? {
    guard let socketAddress = info.ai_addr else { return nil }
    let raw = UnsafeRawPointer(socketAddress)
    switch info.ai_family {
    case AF_INET where info.ai_addrlen >= MemoryLayout<sockaddr_in>.size:
        var value = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
        return IPAddress(bytes: withUnsafeBytes(of: &value) { Array($0) })
    case AF_INET6 where info.ai_addrlen >= MemoryLayout<sockaddr_in6>.size:
        var value = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        return IPAddress(bytes: withUnsafeBytes(of: &value) { Array($0) })
    default:
        return nil
    }
}
