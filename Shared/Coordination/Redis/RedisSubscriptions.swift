import Synchronization

/// What a subscription delivers.
public enum RedisNotice: Sendable, Hashable {
    /// Listening from now on. Comes first, and again after each reconnect: what was published
    /// before may have been missed, so look for yourself.
    case subscribed
    /// A published message.
    case message([UInt8])
}

/// Who listens to which channel, shared by a subscriber's callers and its thread.
package final class RedisSubscriptions: Sendable {
    private struct Contents: Sendable {
        var listeners: [String: [Int: AsyncStream<RedisNotice>.Continuation]] = [:]
        var nextListener = 0
        /// Channels asked of the server on the present connection.
        var requested: Set<String> = []
        /// Channels that the server has confirmed on it.
        var confirmed: Set<String> = []
        var closing = false
        var ended = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let contents = Mutex(Contents())
    let signal: WakeSignal

    package init() throws(CoordinationError) { signal = try WakeSignal() }

    // MARK: Callers

    /// A listener's notices; it listens until its stream is dropped or its task cancelled.
    package func add(_ channel: String, buffering limit: Int) -> AsyncStream<RedisNotice> {
        let (stream, listener) = AsyncStream.makeStream(of: RedisNotice.self, bufferingPolicy: .bufferingNewest(limit))
        let id: Int? = contents.withLock { contents in
            guard !contents.closing else { return nil }
            contents.nextListener += 1
            contents.listeners[channel, default: [:]][contents.nextListener] = listener
            if contents.confirmed.contains(channel) { listener.yield(.subscribed) }
            return contents.nextListener
        }
        guard let id else {
            listener.finish()
            return stream
        }
        listener.onTermination = { [weak self] _ in self?.remove(id, from: channel) }
        signal.wake()
        return stream
    }

    private func remove(_ id: Int, from channel: String) {
        contents.withLock { contents in
            contents.listeners[channel]?[id] = nil
            if contents.listeners[channel]?.isEmpty == true { contents.listeners[channel] = nil }
        }
        signal.wake()
    }

    /// Ends all subscriptions and returns when the thread has ended.
    func close() async {
        await withCheckedContinuation { closer in
            let ended = contents.withLock { contents in
                contents.closing = true
                if !contents.ended { contents.closers.append(closer) }
                return contents.ended
            }
            if ended { closer.resume() } else { signal.wake() }
        }
    }

    // MARK: The thread

    var isClosing: Bool { contents.withLock { $0.closing } }

    /// The commands that bring the server's idea of the channels in line with the listeners'.
    func changes() -> [[RedisArgument]] {
        contents.withLock { contents in
            let wanted = Set(contents.listeners.keys)
            let new = wanted.subtracting(contents.requested)
            let old = contents.requested.subtracting(wanted)
            contents.requested = wanted
            contents.confirmed.subtract(old)
            var commands: [[RedisArgument]] = []
            if !old.isEmpty { commands.append(["UNSUBSCRIBE"] + old.map { .string($0) }) }
            if !new.isEmpty { commands.append(["SUBSCRIBE"] + new.map { .string($0) }) }
            return commands
        }
    }

    /// Hands on what the server pushed; other replies (pong, unsubscribed) need nothing.
    ///
    /// Listeners are told without the lock: telling one resumes its task, for which the runtime needs that task's own lock,
    /// and while the task is cancelled that one is held until ``remove(_:from:)`` has got ours.
    package func deliver(_ reply: RedisReply) {
        guard let parts = reply.elements, parts.count == 3, let kind = parts[0].text, let channel = parts[1].text
        else { return }
        var notice = RedisNotice.subscribed
        let listeners = contents.withLock { contents -> [AsyncStream<RedisNotice>.Continuation] in
            switch kind {
            case "message": notice = .message(parts[2].bytes ?? [])
            case "subscribe" where contents.requested.contains(channel): contents.confirmed.insert(channel)
            default: return []
            }
            return Array(contents.listeners[channel, default: [:]].values)
        }
        for listener in listeners { listener.yield(notice) }
    }

    /// The connection is gone, and with it what the server knew.
    func reset() {
        contents.withLock { contents in
            contents.requested = []
            contents.confirmed = []
        }
    }

    /// The thread's last word.
    func end() {
        let (listeners, closers) = contents.withLock { contents in
            contents.ended = true
            defer { (contents.listeners, contents.closers) = ([:], []) }
            return (contents.listeners.values.flatMap(\.values), contents.closers)
        }
        for listener in listeners { listener.finish() }
        for closer in closers { closer.resume() }
    }
}
