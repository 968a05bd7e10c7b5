import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Calls core's API for one tenant. When an instance of core does not answer, the next one is asked.
package final class CoreClient: Sendable {
    private let http: HTTPClient
    private let addresses: [String]
    private let key: String
    private let measure: @Sendable (String) -> Void
    private let turn = Mutex(0)

    /// - Parameters:
    ///   - addresses: core's instances.
    ///   - key: an API key of the tenant with the service's role.
    ///   - measure: told of each request how it went: `2xx`, `5xx`, or the code of a ``CoreError``.
    package init(
        http: HTTPClient, addresses: [String], key: String, measure: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.http = http
        self.addresses = addresses
        self.key = key
        self.measure = measure
    }

    /// What the client of HTTP should be like: one connection for each call under way, kept for the next.
    package static var http: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(2), read: .seconds(60))
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 24
        configuration.connectionPool.idleTimeout = .seconds(60)
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// Makes a call and reads its answer.
    /// - Parameter repeats: whether it may be made again when core does not answer or is busy.
    /// - Throws: ``CoreError``, `CancellationError`.
    package func call(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, timeout: TimeAmount = .seconds(30),
        repeats: Bool = true,
        answerLimit: Int = 64 << 20
    ) async throws -> JSONValue {
        let bytes: [UInt8]? = body.map { value in
            var bytes: [UInt8] = []
            value.write(into: &bytes)
            return bytes
        }
        let response = try await send(
            method, path, headers: bytes == nil ? [] : [("content-type", "application/json")], timeout: timeout,
            repeats: repeats
        ) { bytes.map { .bytes($0) } }
        let answer = try await Self.networked { try await response.body.collect(upTo: answerLimit) }
        guard answer.readableBytes > 0 else { return .null }
        guard
            let value = try? JSONValue(
                parsing: Array(answer.readableBytesView), limits: JSONLimits(bytes: answerLimit, elements: 5_000_000))
        else {
            throw CoreError(code: .refused, status: Int(response.status.code), description: "core's answer is no JSON")
        }
        return value
    }

    /// Makes a call whose body or answer is a stream.
    /// - Throws: ``CoreError``, `CancellationError`.
    package func send(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)], timeout: TimeAmount, repeats: Bool = true,
        _ body: () -> HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        var failure = CoreError(code: .unreachable, status: 0, description: "no address of core is configured")
        // A restart of core is waited for: what is in hand need not be fetched again.
        for round in 0..<(repeats ? 5 : 1) {
            if round > 0 { try await Task.sleep(for: .milliseconds(100 << round)) }
            for _ in addresses {
                let address = turn.withLock { addresses[$0 % addresses.count] }
                do {
                    return try await send(method, "\(address)/iwd/v3\(path)", headers, timeout, body())
                } catch let error as CoreError {
                    guard error.canRetry else { throw error }
                    measure(error.code.rawValue)
                    failure = error
                    turn.withLock { $0 += 1 }
                }
            }
        }
        throw failure
    }

    private func send(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)], _ timeout: TimeAmount,
        _ body: HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = body
        let response = try await Self.networked { try await http.execute(request, timeout: timeout) }
        measure("\(response.status.code / 100)xx")
        guard (200..<300).contains(response.status.code) else { throw try await Self.error(response) }
        return response
    }

    private static func error(_ response: HTTPClientResponse) async throws -> CoreError {
        let status = Int(response.status.code)
        let body = try await networked { try await response.body.collect(upTo: 1 << 20) }
        let problem = try? JSONValue(parsing: Array(body.readableBytesView))
        let type = problem?["type"]?.stringValue ?? ""
        let places = (problem?["errors"]?.arrayValue ?? []).prefix(3).compactMap { error in
            error["message"]?.stringValue.map { "\(error["path"]?.stringValue ?? ""): \($0)" }
        }
        let text = ([problem?["detail"]?.stringValue ?? problem?["title"]?.stringValue ?? "status \(status)"] + places)
            .joined(separator: "; ")
        let code: CoreError.Code =
            if type.hasSuffix(":staleTerm") { .staleTerm } else if status >= 500 || status == 429 { .busy } else {
                .refused
            }
        return CoreError(code: code, status: status, description: "core: \(text)")
    }

    /// Turns the client's own errors into ours.
    package static func networked<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as CoreError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw CoreError(code: .unreachable, status: 0, description: "core does not answer: \(type(of: error))")
        }
    }
}
