import Foundation
import Glibc
import Messaging

/// A broker of a test's own, which forgets everything when it is killed.
final class PrivateBroker: @unchecked Sendable {
    // Used by one test at a time, and each of its calls comes after the other.
    let port: Int
    private let folder: URL
    private var process: Process?

    init() throws {
        port = try PrivateBroker.freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "millrace-broker-\(UUID().uuidString)")
        try start()
    }

    var servers: String { "127.0.0.1:\(port)" }

    func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: TestEnvironment.brokerBinary ?? "")
        process.arguments = ["start", "--only", "kafka", "--kafka-port", "\(port)", "--data-dir", folder.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// Kills it hard: messages, topics and offsets are gone.
    func forget() {
        guard let process else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
        try? FileManager.default.removeItem(at: folder)
    }

    func pause() { if let process { kill(process.processIdentifier, SIGSTOP) } }
    func goOn() { if let process { kill(process.processIdentifier, SIGCONT) } }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: in_port_t? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, size) == 0, getsockname(descriptor, generic, &size) == 0 else {
                    return nil
                }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        guard let port else { throw MessagingError(.unreachable, "no free port") }
        return Int(port)
    }
}

/// Runs a test with a broker of its own and stops it afterwards.
func withPrivateBroker(_ body: (PrivateBroker) async throws -> Void) async throws {
    let broker = try PrivateBroker()
    defer { broker.forget() }
    try await body(broker)
}
