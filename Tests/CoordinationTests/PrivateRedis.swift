import Coordination
import Foundation
import Logging
import Testing

let quiet: Logger = {
    var logger = Logger(label: "coordination-tests")
    logger.logLevel = .critical
    return logger
}()

/// The Redis that tests share; each uses keys of its own.
let sharedRedisURL = ProcessInfo.processInfo.environment["MILLRACE_TEST_REDIS_URL"]

/// A key that no other test uses.
func uniqueKey(_ name: String) -> String { "test:{\(UUID().uuidString)}:\(name)" }

/// A Redis server of a test's own, to be killed, stopped and restarted.
final class PrivateRedis {
    static let executable = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    static var isInstalled: Bool { executable != nil }

    let port: Int
    let folder: URL
    private let options: [String]
    private var process: Process?

    var url: String { "redis://127.0.0.1:\(port)" }

    init(options: [String] = []) async throws {
        self.options = options
        port = try freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the server and returns when it answers.
    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.executable))
        process.arguments = ["--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""] + options
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = process
        for _ in 0..<500 where !accepts(port) { try await Task.sleep(for: .milliseconds(10)) }
    }

    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func stop() { if let process { Foundation.kill(process.processIdentifier, SIGSTOP) } }

    func resume() { if let process { Foundation.kill(process.processIdentifier, SIGCONT) } }

    func client(connections: Int = 1, timeout: Duration = .seconds(2)) throws -> RedisClient {
        try RedisClient(url: url, connections: connections, timeout: timeout, logger: quiet)
    }
}

/// A port that nobody listens on.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try withUnsafeMutablePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
            try #require(bind(descriptor, raw, size) == 0)
            try #require(getsockname(descriptor, raw, &size) == 0)
        }
    }
    return Int(UInt16(bigEndian: address.sin_port))
}

private func accepts(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: port)
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

private func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

/// Runs the body with a client of the shared server and closes it.
func withSharedClient(connections: Int = 2, _ body: (RedisClient) async throws -> Void) async throws {
    let client = try RedisClient(url: try #require(sharedRedisURL), connections: connections, logger: quiet)
    do { try await body(client) } catch {
        await client.close()
        throw error
    }
    await client.close()
}
