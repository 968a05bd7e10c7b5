import Glibc
import Synchronization
import Threads

/// Turns a host name into a numeric address without holding up the thread that asks.
///
/// `getaddrinfo` may take many seconds when a name server is gone, and cannot be stopped; so it runs
/// on a thread of its own, whose late answer is dropped.
final class HostLookup: Sendable {
    private let answer = Mutex<Result<String, CoordinationError>?>(nil)

    /// The outcome, once there is one.
    var outcome: Result<String, CoordinationError>? { answer.withLock { $0 } }

    /// Starts to look `host` up and wakes `signal` when done. Numeric addresses are answered at once.
    init(host: String, wake signal: WakeSignal) throws(CoordinationError) {
        if Self.isNumeric(host) {
            answer.withLock { $0 = .success(host) }
            return
        }
        try OwnedThread.begin { [self] in
            let result = Self.resolve(host)
            answer.withLock { $0 = result }
            signal.wake()
        }
    }

    private static func isNumeric(_ host: String) -> Bool {
        var buffer = in6_addr()
        return inet_pton(AF_INET, host, &buffer) == 1 || inet_pton(AF_INET6, host, &buffer) == 1
    }

    /// The first address that the system names; IPv4 before IPv6, as hiredis does.
    private static func resolve(_ host: String) -> Result<String, CoordinationError> {
        var code: Int32 = 0
        for family in [AF_INET, AF_INET6] {
            var hints = addrinfo()
            hints.ai_family = family
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            code = getaddrinfo(host, nil, &hints, &list)
            guard code == 0, let first = list else { continue }
            defer { freeaddrinfo(first) }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            code = getnameinfo(
                first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            guard code == 0 else { continue }
            return .success(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        }
        return .failure(
            CoordinationError(
                .unavailable,
                "The Redis host name cannot be looked up (\(String(cString: gai_strerror(code)))); check the address."))
    }
}
