import Threads

/// A connected, logged-in socket and the identity of the server behind it.
struct RedisSession {
    let socket: RedisSocket
    /// Redis draws a new one each time it starts; nil when the user may not run `INFO`.
    let runID: String?

    /// Looks the host up, connects and greets.
    /// - Parameters:
    ///   - timeout: for all of it.
    ///   - beforeWaiting: called before each wait; does what is due, throws to give up, and answers
    ///     when it wants to be called next (monotonic nanoseconds).
    static func open(
        _ address: RedisAddress, timeout: Duration, signal: WakeSignal,
        beforeWaiting: () throws(CoordinationError) -> Int64
    ) throws(CoordinationError) -> RedisSession {
        let deadline = MonotonicTime.now + timeout.nanoseconds
        func wait(socket: Int32? = nil, forWriting: Bool = false) throws(CoordinationError) -> WakeSignal.Outcome {
            let next = try beforeWaiting()
            guard MonotonicTime.now < deadline else {
                throw CoordinationError(.unavailable, "Redis at \(address) does not answer.")
            }
            return signal.wait(socket: socket, forWriting: forWriting, until: min(next, deadline))
        }

        let lookup = try HostLookup(host: address.host, wake: signal)
        while lookup.outcome == nil { _ = try wait() }
        guard let host = try lookup.outcome?.get() else {
            throw CoordinationError(.unavailable, "The Redis host name cannot be looked up.")
        }
        let socket = try RedisSocket(connectingTo: host, port: address.port)
        while !(try wait(socket: socket.descriptor, forWriting: true).writable) {}
        try socket.checkConnected()

        var unsent: [UInt8] = []
        let greeting = address.greeting
        for command in greeting { RedisCommandEncoding.append(command, to: &unsent) }
        var replies: [RedisReply] = []
        while replies.count < greeting.count {
            if !unsent.isEmpty {
                unsent.removeFirst(try socket.send(unsent, from: 0))
            }
            guard try wait(socket: socket.descriptor, forWriting: !unsent.isEmpty).readable else { continue }
            try socket.receive()
            while let reply = try socket.nextReply() { replies.append(reply) }
        }
        return RedisSession(socket: socket, runID: try readRunID(replies))
    }

    /// The run id in the last reply; the others must not be errors.
    private static func readRunID(_ replies: [RedisReply]) throws(CoordinationError) -> String? {
        for case .error(let message) in replies.dropLast() {
            throw CoordinationError(.unavailable, "Redis refuses the connection: \(message)")
        }
        guard let info = replies.last?.text else { return nil }
        for line in info.split(whereSeparator: \.isNewline) where line.hasPrefix("run_id:") {
            return String(line.dropFirst("run_id:".count))
        }
        return nil
    }
}
