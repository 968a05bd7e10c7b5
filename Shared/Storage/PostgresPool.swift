public import Logging
import Synchronization

/// Connections to one PostgreSQL database, handed out in the order in which callers ask.
///
/// Connections are opened when first needed, and again after the server was away. No call blocks a thread of
/// Swift's own pool: each connection does its work on a thread of its own.
public final class PostgresPool: Sendable {
    /// How the pool fares, for metrics.
    public struct Statistics: Sendable, Hashable {
        /// The most connections there may be.
        public var size: Int
        /// Connections in use.
        public var leased: Int
        /// Callers that wait for one.
        public var waiting: Int
    }

    struct State: ~Copyable {
        var idle: [PostgresConnection] = []
        var made = 0
        var line = WaitingLine()
        var isClosed = false
        var drained: CheckedContinuation<Void, Never>?
    }

    let state = Mutex(State())
    let size: Int
    let settings: PostgresSettings
    let address: PostgresAddress
    let logger: Logger

    /// A pool for a URL (`postgres://user:password@host:port/database`) or a libpq connection string.
    ///
    /// Connects to nothing yet. Throws `.invalidURL`.
    public init(
        url: String, size: Int = 8, applicationName: String = "millrace", settings: PostgresSettings = .init(),
        logger: Logger
    ) throws(StorageError) {
        self.address = try PostgresAddress(url: url, applicationName: applicationName)
        self.size = max(1, size)
        self.settings = settings
        self.logger = logger
    }

    /// Keeps the pool: closes connections that died while idle, and closes the pool when the task is cancelled.
    /// The pool works without it.
    public func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(10))
            if let connection = takeIdle() {
                await connection.check()
                release(connection)
            }
        }
        await close()
    }

    /// Refuses new callers, waits up to `grace` for connections in use, and closes them all.
    public func close(grace: Duration = .seconds(5)) async {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.line.removeAll()
        }
        for waiter in waiters { waiter.resume(returning: .failure(Self.closed)) }
        // cancelled when this function returns
        async let _: Void = stopDraining(after: grace)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isDrained = state.withLock { state in
                if state.idle.count == state.made || state.drained != nil { return true }
                state.drained = continuation
                return false
            }
            if isDrained { continuation.resume() }
        }
        for connection in state.withLock({ $0.takeAllIdle() }) { await connection.close() }
    }

    /// How the pool fares now.
    public var statistics: Statistics {
        state.withLock { Statistics(size: size, leased: $0.made - $0.idle.count, waiting: $0.line.count) }
    }

    private func stopDraining(after grace: Duration) async {
        try? await Task.sleep(for: grace)
        state.withLock { $0.drained.take() }?.resume()
    }

    static let closed = StorageError(.poolClosed, "the pool is closed; the service is stopping")
}

extension PostgresPool.State {
    mutating func takeAllIdle() -> [PostgresConnection] {
        let all = idle
        idle = []
        made -= all.count
        return all
    }
}
