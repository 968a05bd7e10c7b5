import Foundation
import Synchronization
import Threads

/// Resolves by the system's resolver. Ends when the task is cancelled, though the resolver cannot be stopped.
@Sendable public func resolveBySystem(_ host: String) async throws -> [IPAddress] {
    try await NameLookups.system.addresses(of: host)
}

/// Looks names up without holding anybody up longer than they want to wait. The resolver blocks, for many seconds when a
/// name server is gone: so it runs on a thread of its own, one for each name at a time. Whoever asks meanwhile waits for the
/// same answer.
package final class NameLookups: Sendable {
    package typealias Answer = Result<[IPAddress], any Error>

    private struct State {
        var next = 0
        /// Those who wait, by name; a name that is there is being looked up.
        var waiting: [String: [Int: CheckedContinuation<Answer, Never>]] = [:]
        /// Cancelled before they waited.
        var cancelled: Set<Int> = []
    }

    static let system = NameLookups(lookUp: askSystem)

    private let state = Mutex(State())
    private let lookUp: @Sendable (_ host: String) throws -> [IPAddress]

    /// - Parameter lookUp: may block.
    package init(lookUp: @escaping @Sendable (_ host: String) throws -> [IPAddress]) { self.lookUp = lookUp }

    /// The addresses of a host.
    /// - Throws: what looking up throws; `CancellationError`.
    package func addresses(of host: String) async throws -> [IPAddress] {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(id, for: host, $0) }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Answer, Never>? in
                if let waiter = state.waiting[host]?.removeValue(forKey: id) { return waiter }
                state.cancelled.insert(id)
                return nil
            }
            waiter?.resume(returning: .failure(CancellationError()))
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        return try answer.get()
    }

    private func wait(_ id: Int, for host: String, _ waiter: CheckedContinuation<Answer, Never>) {
        enum Turn { case over, first, second }
        let turn = state.withLock { state -> Turn in
            if state.cancelled.remove(id) != nil { return .over }
            let isFirst = state.waiting[host] == nil
            state.waiting[host, default: [:]][id] = waiter
            return isFirst ? .first : .second
        }
        switch turn {
        case .over: waiter.resume(returning: .failure(CancellationError()))
        case .second: break
        case .first:
            do {
                try OwnedThread.start { self.answer(host, Result { try self.lookUp(host) }) }
            } catch {
                answer(host, .failure(error))
            }
        }
    }

    private func answer(_ host: String, _ answer: Answer) {
        for waiter in state.withLock({ $0.waiting.removeValue(forKey: host) ?? [:] }).values {
            waiter.resume(returning: answer)
        }
    }
}

/// What the system's resolver said.
struct NameResolutionError: Error, CustomStringConvertible {
    let code: Int32

    var description: String { String(cString: gai_strerror(code)) }
}

@Sendable private func askSystem(_ host: String) throws -> [IPAddress] {
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
