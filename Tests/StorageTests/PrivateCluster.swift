import Foundation
import Glibc

/// A PostgreSQL server of a test's own, to stop and start at will.
struct PrivateCluster {
    static let binaries = "/usr/lib/postgresql/15/bin"
    private static let runuser = "/usr/sbin/runuser"

    /// PostgreSQL refuses to run as root; then another user is needed.
    static var isPossible: Bool {
        FileManager.default.isExecutableFile(atPath: binaries + "/initdb")
            && (geteuid() != 0
                || (FileManager.default.isExecutableFile(atPath: runuser) && getpwnam("postgres") != nil))
    }

    let folder: String
    let port: Int

    var url: String { "postgres://tester@127.0.0.1:\(port)/postgres" }

    /// Makes a cluster and starts it.
    static func make() async throws -> PrivateCluster {
        let cluster = try PrivateCluster()
        try await cluster.run(
            "initdb", "-D", cluster.folder + "/data", "-U", "tester", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        try await cluster.start()
        return cluster
    }

    private init() throws {
        folder = NSTemporaryDirectory() + "/storage-tests-" + UUID().uuidString
        port = try Self.freePort()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if geteuid() == 0, let user = getpwnam("postgres") {
            chown(folder, user.pointee.pw_uid, user.pointee.pw_gid)
        }
    }

    func start() async throws {
        let options = "-p \(port) -k \(folder) -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB"
        try await run("pg_ctl", "start", "-w", "-s", "-D", folder + "/data", "-l", folder + "/log", "-o", options)
    }

    func stop(mode: String = "fast") async throws {
        try await run("pg_ctl", "stop", "-w", "-s", "-D", folder + "/data", "-m", mode)
    }

    func remove() async {
        try? await stop(mode: "immediate")
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func run(_ program: String, _ arguments: String...) async throws {
        var command = [Self.binaries + "/" + program] + arguments
        if geteuid() == 0 {
            command = [Self.runuser, "-u", "postgres", "--", "/usr/bin/env", "PATH=/usr/bin:/bin"] + command
        }
        let line = command
        let status = await withCheckedContinuation { continuation in
            // a thread of its own, since it blocks
            Thread.detachNewThread { continuation.resume(returning: spawnAndWait(line)) }
        }
        if status != 0 { throw Failed(command: program, status: status) }
    }

    struct Failed: Error {
        var command: String
        var status: Int32
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard status else { throw Failed(command: "bind", status: errno) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Runs a program to its end, without output. Foundation's Process also waits for the server that `pg_ctl` leaves.
private func spawnAndWait(_ command: [String]) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor: Int32 in 0...2 {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
    }
    var child = pid_t()
    guard posix_spawn(&child, command[0], &actions, nil, &arguments, nil) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    return status
}
