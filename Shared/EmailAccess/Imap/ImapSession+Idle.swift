import Threads

extension ImapSession {
    /// How a wait for news ended.
    public enum IdleEnd: Sendable, Hashable {
        /// The folder has changed.
        case changed
        /// ``wake()`` was called.
        case woken
        /// The time was over.
        case timedOut
    }

    /// Whether the server tells of news by itself.
    public var canIdle: Bool { capabilities.contains("IDLE") }

    /// Waits by IDLE (RFC 2177) until the open folder changes, ``wake()`` or the time is over. News that came since
    /// ``uids(from:since:)`` end it at once.
    /// - Parameter duration: 29 minutes at most, after which servers may log one out.
    public func idle(atMost duration: Duration) async throws(EmailAccessError) -> IdleEnd {
        if hasNews { return .changed }
        let deadline = MonotonicTime.now + min(duration, .seconds(29 * 60)).nanoseconds
        let tag = nextTag()
        connection.beginExchange()
        try await connection.send(Array("\(tag) IDLE\r\n".utf8))
        var changed = false
        waiting: while true {
            switch try await next().0 {
            case .continuation: break waiting
            case .tagged(tag, let status): throw status.error("IDLE")
            case .status(let status) where status.kind == .bye: throw status.error("IDLE")
            case .exists, .expunge: changed = true
            default: continue
            }
        }
        var end = changed ? IdleEnd.changed : nil
        while end == nil { end = try await news(until: deadline) }
        connection.beginExchange()
        try await connection.send(Array("DONE\r\n".utf8))
        _ = try await finish(tag, doing: "IDLE") { response in
            if case .exists = response { changed = true }
        }
        return changed ? .changed : end ?? .timedOut
    }

    /// Takes what has come, or waits for something.
    private func news(until deadline: Int64) async throws(EmailAccessError) -> IdleEnd? {
        while let response = try arrived() {
            switch response {
            case .exists, .expunge: return .changed
            case .status(let status) where status.kind == .bye: throw status.error("IDLE")
            default: continue
            }
        }
        switch try await connection.idle(until: deadline) {
        case .ready, .cancelled: return nil
        case .timedOut: return .timedOut
        case .interrupted: return .woken
        }
    }

    /// Asks the server for news of the open folder.
    /// - Returns: whether there are any.
    public func poll() async throws(EmailAccessError) -> Bool {
        try await command("NOOP", doing: "NOOP")
        return hasNews
    }

    /// Waits, with the connection unused, until ``wake()``, the time is over, or the server ends the connection.
    public func rest(atMost duration: Duration) async throws(EmailAccessError) {
        _ = try await connection.idle(until: MonotonicTime.now + duration.nanoseconds)
    }
}
