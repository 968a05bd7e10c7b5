import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Calls addresses out of a configuration: webhooks, key sets. Every call passes the ``AddressGuard``, connects to the
/// address that was checked, follows no redirect, and is bounded in time and size.
public final class OutboundHTTP: Service {
    /// An answer.
    public struct Answer: Sendable {
        /// HTTP status.
        public let status: Int
        /// Header fields, names as sent.
        public let headers: [(name: String, value: String)]
        /// The body.
        public let body: [UInt8]
    }

    /// What went wrong before there was an answer.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// Kinds of failure.
        public enum Code: String, Sendable {
            /// Not an address, or not admitted by the guard.
            case refused
            /// Not connected, or broken off.
            case unreachable
            /// Took too long.
            case timedOut
            /// More bytes than wanted.
            case tooLarge
            /// Not 2xx where only that will do.
            case status
            /// The client is closed.
            case closed
        }

        /// The kind.
        public let code: Code
        /// What happened, without secrets of the address's path or query.
        public let description: String

        /// Whether the same call may succeed later.
        public var isRetryable: Bool { code == .unreachable || code == .timedOut || code == .status }
    }

    private struct State {
        var clients: [String: PinnedClient] = [:]
        var retired: [PinnedClient] = []
        var isClosed = false
    }

    let addressGuard: AddressGuard
    private let state = Mutex(State())
    private static let clientLimit = 64

    /// Makes a client.
    public init(guard addressGuard: AddressGuard) { self.addressGuard = addressGuard }

    /// Keeps until a graceful stop, then closes.
    public func run() async throws {
        try? await gracefulShutdown()
        await close()
    }

    /// Makes one call.
    /// - Parameters:
    ///   - headers: header fields besides `Host` and `Content-Length`.
    ///   - timeout: for the whole of it, resolving included.
    ///   - limit: bytes of the answer's body at most.
    /// - Throws: ``Failure``.
    public func send(
        _ method: String, _ address: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(10), limit: Int = 1 << 20
    ) async throws -> Answer {
        guard let url = OutboundURL(address) else {
            throw Failure(code: .refused, description: "not an http or https address")
        }
        let name = "\(url.host):\(url.port)"
        return try await withThrowingTaskGroup(of: Answer.self) { group in
            group.addTask { try await self.call(method, url, headers, body, timeout, limit) }
            group.addTask {
                try await Task.sleep(for: timeout)
                throw Failure(code: .timedOut, description: "\(name) did not answer within \(timeout)")
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() else {
                throw Failure(code: .closed, description: "the client is closed")
            }
            return answer
        }
    }

    /// GET that must answer 2xx.
    public func get(_ address: String, timeout: Duration = .seconds(5), limit: Int = 1 << 20) async throws -> [UInt8] {
        let answer = try await send("GET", address, timeout: timeout, limit: limit)
        guard (200..<300).contains(answer.status) else {
            throw Failure(code: .status, description: "status \(answer.status)")
        }
        return answer.body
    }

    /// Closes all connections.
    public func close() async {
        let clients = state.withLock { state -> [PinnedClient] in
            state.isClosed = true
            defer {
                state.clients = [:]
                state.retired = []
            }
            return Array(state.clients.values) + state.retired
        }
        for client in clients { try? await client.http.shutdown() }
    }

    private func call(
        _ method: String, _ url: OutboundURL, _ headers: [(name: String, value: String)], _ body: [UInt8]?,
        _ timeout: Duration, _ limit: Int
    ) async throws -> Answer {
        let name = "\(url.host):\(url.port)"
        do {
            let addresses = try await addressGuard.addresses(host: url.host, port: url.port)
            let client = try lease(name, url.host, addresses)
            defer { client.end() }
            await closeRetired()
            var request = HTTPClientRequest(url: url.normalized)
            request.method = .RAW(value: method)
            for header in headers { request.headers.add(name: header.name, value: header.value) }
            if let body { request.body = .bytes(body) }
            let response = try await client.http.execute(request, timeout: TimeAmount(timeout))
            var bytes: [UInt8] = []
            for try await chunk in response.body {
                guard bytes.count + chunk.readableBytes <= limit else {
                    throw Failure(code: .tooLarge, description: "\(name) sent more than \(limit) bytes")
                }
                chunk.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
            }
            return Answer(
                status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, body: bytes)
        } catch let failure as Failure {
            throw failure
        } catch let refusal as AddressGuard.Refusal {
            throw Failure(code: .refused, description: refusal.description)
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            throw Failure(code: .timedOut, description: "\(name) did not answer within \(timeout)")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw Failure(code: .unreachable, description: "\(name): \(error)")
        }
    }

    /// One client per host and checked address: AsyncHTTPClient takes overrides of name resolution per client only. It is
    /// kept while its address is among those of the host, whose order may be another one each time.
    func lease(_ name: String, _ host: String, _ addresses: [IPAddress]) throws(Failure) -> PinnedClient {
        let leased = state.withLock { state -> PinnedClient? in
            guard !state.isClosed else { return nil }
            if let known = state.clients[name] {
                if addresses.contains(known.address) {
                    known.begin()
                    return known
                }
                state.clients[name] = nil
                state.retired.append(known)
            }
            if state.clients.count >= Self.clientLimit,
                let oldest = state.clients.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.clients[oldest.key] = nil
                state.retired.append(oldest.value)
            }
            guard let address = addresses.first else { return nil }
            let client = PinnedClient(host: host, address: address)
            client.begin()
            state.clients[name] = client
            return client
        }
        guard let leased else { throw Failure(code: .closed, description: "the client is closed") }
        return leased
    }

    func closeRetired() async {
        let idle = state.withLock { state -> [PinnedClient] in
            let idle = state.retired.filter { !$0.isInUse }
            state.retired.removeAll { client in idle.contains { $0 === client } }
            return idle
        }
        for client in idle { try? await client.http.shutdown() }
    }
}
