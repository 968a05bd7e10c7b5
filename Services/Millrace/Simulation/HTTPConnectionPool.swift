import NIOCore
import NIOHTTP1

/// A few connections shared by many callers, each lent for one request; who comes while all are lent waits in line.
actor HTTPConnectionPool {
    private var idle: [HTTPConnection]
    private var line: [CheckedContinuation<HTTPConnection, Never>] = []
    private var first = 0
    private let all: [HTTPConnection]

    init(size: Int, address: APIAddress, key: String, loop: any EventLoop) {
        all = (0..<size).map { _ in HTTPConnection(address: address, key: key, loop: loop) }
        idle = all
    }

    /// Sends a request over the next free connection.
    func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil
    ) async throws(HTTPConnection.Broken) -> HTTPConnection.Answer {
        let connection = await borrow()
        defer { giveBack(connection) }
        return try await connection.send(method, path, body: body)
    }

    /// Ends all connections.
    func close() {
        for connection in all { connection.close() }
    }

    private func borrow() async -> HTTPConnection {
        if let connection = idle.popLast() { return connection }
        return await withCheckedContinuation { line.append($0) }
    }

    private func giveBack(_ connection: HTTPConnection) {
        guard first < line.count else {
            idle.append(connection)
            return
        }
        line[first].resume(returning: connection)
        first += 1
        if first == line.count || first >= 1024 {
            line.removeFirst(first)
            first = 0
        }
    }
}
