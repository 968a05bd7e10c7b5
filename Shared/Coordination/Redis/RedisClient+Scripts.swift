extension RedisClient {
    /// Runs a script by its SHA-1, loading it when the server does not have it.
    /// - Throws: ``CoordinationError``; an error reply is thrown as ``CoordinationError/Code/refused``.
    @discardableResult
    public func evaluate(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument], timeout: Duration? = nil
    ) async throws(CoordinationError) -> RedisReply {
        let calls = [RedisScriptCall(script, keys: keys, arguments: arguments)]
        guard let reply = try await evaluatePipelined(calls, timeout: timeout).first else {
            throw CoordinationError(.unexpectedReply, "Redis gave no reply.")
        }
        return try reply.orThrow()
    }

    /// Runs scripts in order in one round trip, each atomic by itself.
    ///
    /// Scripts that the server may lack are loaded ahead in the same round trip. Should it forget
    /// them just then (`SCRIPT FLUSH`), the calls that it refused are repeated after the others, in
    /// their order.
    /// - Returns: as many replies as calls; a call's error stands at its place.
    @discardableResult
    public func evaluatePipelined(
        _ calls: [RedisScriptCall], timeout: Duration? = nil
    ) async throws(CoordinationError) -> [RedisReply] {
        let clock = ContinuousClock()
        let deadline = clock.now + (timeout ?? self.timeout)
        var replies = [RedisReply](repeating: .null, count: calls.count)
        var pending = Array(calls.indices)
        for _ in 0..<3 where !pending.isEmpty {
            let missing = server.missing(pending.lazy.map { calls[$0].script })
            let runID = server.runID
            let commands = missing.map(\.load) + pending.map { calls[$0].command }
            let answers = try await pipeline(commands, timeout: deadline - clock.now)
            for case .error(let message) in answers.prefix(missing.count) {
                throw CoordinationError(.refused, "A script does not load: \(message)")
            }
            server.noteLoaded(missing, on: runID)
            for (call, answer) in zip(pending, answers.dropFirst(missing.count)) { replies[call] = answer }
            pending = pending.filter { Self.isUnknownScript(replies[$0]) }
            server.noteMissing(pending.map { calls[$0].script })
        }
        return replies
    }

    private static func isUnknownScript(_ reply: RedisReply) -> Bool {
        if case .error(let message) = reply { message.hasPrefix("NOSCRIPT") } else { false }
    }
}
