import AsyncHTTPClient
import Domain
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceKit
import Testing

let quiet: Logger = {
    var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    logger.logLevel = .critical
    return logger
}()

/// An answer as a test looks at it.
struct Answer: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    var json: JSONValue? { try? JSONValue(parsing: body) }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    /// Whether this is a complete problem document of that status.
    func isProblem(_ status: Int, _ code: String) -> Bool {
        self.status == status && header("content-type") == "application/problem+json"
            && json?["status"]?.integerValue == Int64(status)
            && json?["type"]?.stringValue == "urn:millrace:problem:\(code)"
            && json?["title"]?.stringValue?.isEmpty == false && json?["instance"] != nil
    }
}

/// Runs a server on a free port while the body runs, then stops it gracefully.
func withServer<Value: Sendable>(
    _ routes: Routes, authenticator: (any Authenticator)? = TestAuthenticator(), bodyLimit: Int = 1 << 20,
    problems: @escaping @Sendable (any Error) -> Problem? = { _ in nil }, logger: Logger = quiet,
    _ body: @Sendable @escaping (Int, ServiceRunner) async throws -> Value
) async throws -> Value {
    let http = HTTPService(
        configuration: HTTPServiceConfiguration(host: "127.0.0.1", port: 0, bodyLimit: bodyLimit), routes: routes,
        authenticator: authenticator, problems: problems, logger: logger)
    let runner = ServiceRunner(
        [ServiceComponent("http", http) { _ = await http.waitUntilListening() }], stopWithin: .seconds(5), logger: quiet
    )
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            try await runner.run(trapsSignals: false)
            return nil
        }
        group.addTask {
            let port = try #require(await http.waitUntilListening())
            do {
                let value = try await body(port, runner)
                runner.stop()
                return value
            } catch {
                runner.stop()
                throw error
            }
        }
        var value: Value?
        for try await result in group { value = result ?? value }
        return try #require(value)
    }
}

/// One request over the shared client.
func send(
    _ method: String, _ port: Int, _ path: String, key: String? = "mr_admin", headers: [(String, String)] = [],
    body: String? = nil
) async throws -> Answer {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    request.method = .RAW(value: method)
    if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(ByteBuffer(string: body)) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let collected = try await response.body.collect(upTo: 1 << 24)
    return Answer(
        status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
        body: Array(collected.readableBytesView))
}

/// Bytes over a bare connection, and all that comes back until the server closes it.
func exchange(_ port: Int, _ text: String) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: text))
        var received = ""
        for try await chunk in inbound { received += String(buffer: chunk) }
        return received
    }
}

/// Knows `mr_admin`, `mr_agent` (agent anna), `mr_source` (source vinst) and `mr_reader` of tenant 7.
struct TestAuthenticator: Authenticator {
    func principal(for credential: String) async throws -> Principal? {
        func principal(_ roles: Roles, source: String? = nil, agent: String? = nil) -> Principal {
            Principal(
                tenant: 7, tenantName: "demo", subject: "s", roles: roles, source: source, agent: agent, keyID: "k")
        }
        switch credential {
        case "mr_admin": return principal([.admin])
        case "mr_agent": return principal([.agent], agent: "anna")
        case "mr_source": return principal([.source], source: "vinst")
        case "mr_reader": return principal([.reader])
        default: return nil
        }
    }
}
