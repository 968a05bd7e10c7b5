import NIOCore

/// Requests that wait: long polls and event streams. They end when their time is up, the service stops, or the
/// caller has gone.
extension APIRequest {
    /// Waits for something, at most `limit`.
    ///
    /// - Parameters:
    ///   - limit: how long to wait.
    ///   - wait: returns what was waited for; it is cancelled when the wait ends, and what it returns all the same is
    ///     not lost.
    /// - Returns: nil when the time was up, the service stops or the caller has gone.
    public func longPoll<Value: Sendable>(
        upTo limit: Duration, _ wait: @escaping @Sendable () async throws -> Value?
    ) async throws -> Value? {
        try await endingWithConnection(after: limit, wait)
    }

    /// Whether the service is stopping: then answer what you have and do not wait.
    public var isStopping: Bool { server.stopping.hasFired }

    func endingWithConnection<Value: Sendable>(
        after limit: Duration?, _ operation: @escaping @Sendable () async throws -> Value?
    ) async throws -> Value? {
        let end = OneTimeSignal()
        let stopping = server.stopping.observe { end.fire() }
        defer { server.stopping.remove(stopping) }
        let connection = try? await channel.pipeline.handler(type: ConnectionHandler.self).get()
        let gone = connection?.peerGone.observe { end.fire() }
        defer { if let gone { connection?.peerGone.remove(gone) } }
        let timer = limit.map { channel.eventLoop.scheduleTask(in: TimeAmount($0)) { end.fire() } }
        defer { timer?.cancel() }

        return try await withThrowingTaskGroup(of: Outcome<Value>.self) { group in
            group.addTask {
                do {
                    return .finished(try await operation())
                } catch is CancellationError {
                    return .finished(nil)
                }
            }
            group.addTask {
                await end.wait()
                return .ended
            }
            defer { group.cancelAll() }
            while let outcome = try await group.next() {
                switch outcome {
                case .finished(let value): return value
                case .ended: group.cancelAll()
                }
            }
            return nil
        }
    }
}

private enum Outcome<Value: Sendable>: Sendable {
    case finished(Value?)
    case ended
}
