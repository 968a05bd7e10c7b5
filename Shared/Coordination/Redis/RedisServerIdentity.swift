import Logging
import Synchronization

/// What became of the server behind a client.
public enum RedisServerEvent: Sendable, Hashable {
    /// Connected for the first time, or again to the same process.
    case connected(runID: String)
    /// Connected to another process than before: Redis was restarted or replaced, so what it
    /// remembers may be old or gone.
    case replaced(runID: String, previous: String)
    /// The last connection is gone.
    case lost
}

/// Knows which server process the connections of one client speak with.
package final class RedisServerIdentity: Sendable {
    private struct Contents: Sendable {
        var runID: String?
        var connected: Set<Int> = []
        var watchers: [Int: AsyncStream<RedisServerEvent>.Continuation] = [:]
        var nextWatcher = 0
        /// Scripts that the server has.
        var scripts: Set<String> = []
        var ended = false
    }

    private let contents = Mutex(Contents())
    /// Keeps news in order. Watchers are told under this lock and not under that of the contents: telling one resumes its
    /// task, for which the runtime needs that task's own lock, and while the task is cancelled that one is held until the
    /// watcher is taken out of the contents.
    private let telling = Mutex(())

    /// Nothing is known yet.
    package init() {}

    var runID: String? { contents.withLock { $0.runID } }

    var hasEnded: Bool { contents.withLock { $0.ended } }

    /// Takes in what one of the connections has met.
    package func note(_ event: RedisConnection.Event, connection: Int, logger: Logger) {
        let news = telling.withLock { _ in
            let (news, watchers) = contents.withLock { contents in
                let news = Self.apply(event, connection: connection, to: &contents)
                return (news, news == nil ? [] : Array(contents.watchers.values))
            }
            if let news { for watcher in watchers { watcher.yield(news) } }
            return news
        }
        if case .replaced = news { logger.notice("Redis is a new process; its memory may be old or empty") }
    }

    private static func apply(
        _ event: RedisConnection.Event, connection: Int, to contents: inout Contents
    ) -> RedisServerEvent? {
        switch event {
        case .lost:
            guard contents.connected.remove(connection) != nil, contents.connected.isEmpty else { return nil }
            return .lost
        case .connected(let runID):
            let wasDisconnected = contents.connected.isEmpty
            contents.connected.insert(connection)
            let runID = runID ?? "unknown"
            let previous = contents.runID
            contents.runID = runID
            if let previous, previous != runID {
                contents.scripts = []
                return .replaced(runID: runID, previous: previous)
            }
            return wasDisconnected ? .connected(runID: runID) : nil
        }
    }

    /// What happens from now on, and the present connection if there is one.
    package func watch() -> AsyncStream<RedisServerEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: RedisServerEvent.self, bufferingPolicy: .bufferingNewest(64))
        let id: Int? = contents.withLock { contents in
            guard !contents.ended else { return nil }
            let id = contents.nextWatcher
            contents.nextWatcher += 1
            contents.watchers[id] = continuation
            if let runID = contents.runID, !contents.connected.isEmpty {
                continuation.yield(.connected(runID: runID))
            }
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.contents.withLock { $0.watchers[id] = nil }
        }
        return stream
    }

    func end() {
        let watchers = contents.withLock { contents in
            contents.ended = true
            defer { contents.watchers = [:] }
            return contents.watchers.values.map { $0 }
        }
        for watcher in watchers { watcher.finish() }
    }

    /// Those of `scripts` that the server may not have yet, each once.
    func missing(_ scripts: some Sequence<RedisScript>) -> [RedisScript] {
        contents.withLock { contents in
            var seen: Set<String> = []
            return scripts.filter { !contents.scripts.contains($0.sha1) && seen.insert($0.sha1).inserted }
        }
    }

    /// Notes that the server with this run id has the scripts.
    func noteLoaded(_ scripts: [RedisScript], on runID: String?) {
        contents.withLock { contents in
            guard contents.runID == runID else { return }
            contents.scripts.formUnion(scripts.map(\.sha1))
        }
    }

    /// Forgets that the server has the scripts.
    func noteMissing(_ scripts: [RedisScript]) {
        contents.withLock { $0.scripts.subtract(scripts.map(\.sha1)) }
    }
}

extension RedisClient {
    /// The server process that the client last connected to; nil before the first connection.
    /// It changes when Redis restarts, not by `FLUSHALL`.
    public var serverRunID: String? { server.runID }

    /// Connections made and lost, from now on; starts with the present one if there is one.
    /// Ends when the client closes.
    public func serverEvents() -> AsyncStream<RedisServerEvent> { server.watch() }
}
