extension PostgresPool {
    /// A connection of the caller's own until `release`; waits in line, at most `waitTimeout`.
    func acquire() async throws(StorageError) -> PostgresConnection {
        if let connection = try takeFree() { return connection }
        let ticket = state.withLock { $0.line.nextTicket() }
        // cancelled when this function returns
        async let _: Void = expire(ticket)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: WaitingLine.Waiter) in
                join(ticket, waiter)
                // Cancelled before it joined, the handler found nothing to remove.
                if Task.isCancelled { leave(ticket, Self.cancelled) }
            }
        } onCancel: {
            leave(ticket, Self.cancelled)
        }
        return try answer.get()
    }

    /// Gives a connection to the next in line, or puts it aside.
    func release(_ connection: PostgresConnection) {
        let (waiter, drained) = state.withLock { state -> (WaitingLine.Waiter?, CheckedContinuation<Void, Never>?) in
            if let waiter = state.line.removeFirst() { return (waiter, nil) }
            state.idle.append(connection)
            return (nil, state.isClosed && state.idle.count == state.made ? state.drained.take() : nil)
        }
        waiter?.resume(returning: .success(connection))
        drained?.resume()
    }

    /// An idle connection, when nobody waits for one.
    func takeIdle() -> PostgresConnection? {
        // The one used longest ago, which is the likeliest to have died.
        state.withLock { $0.isClosed || $0.idle.isEmpty ? nil : $0.idle.removeFirst() }
    }

    private func takeFree() throws(StorageError) -> PostgresConnection? {
        enum Answer { case taken(PostgresConnection), wait, refused(StorageError) }
        let answer = state.withLock { state -> Answer in
            if state.isClosed { return .refused(Self.closed) }
            // The one used last has its statements and caches warm.
            if let connection = state.idle.popLast() { return .taken(connection) }
            if state.made < size {
                state.made += 1
                return .taken(PostgresConnection(address: address, settings: settings, logger: logger))
            }
            return state.line.count < settings.maximumWaiting ? .wait : .refused(Self.full)
        }
        switch answer {
        case .taken(let connection): return connection
        case .wait: return nil
        case .refused(let error): throw error
        }
    }

    private func join(_ ticket: UInt64, _ waiter: WaitingLine.Waiter) {
        // A connection may have come free since the caller looked.
        let answer = state.withLock { state -> WaitingLine.Answer? in
            if state.isClosed { return .failure(Self.closed) }
            if state.line.count == 0, let connection = state.idle.popLast() { return .success(connection) }
            state.line.join(ticket, waiter)
            return nil
        }
        if let answer { waiter.resume(returning: answer) }
    }

    @discardableResult
    private func leave(_ ticket: UInt64, _ error: StorageError) -> Bool {
        guard let waiter = state.withLock({ $0.line.remove(ticket) }) else { return false }
        waiter.resume(returning: .failure(error))
        return true
    }

    private func expire(_ ticket: UInt64) async {
        try? await Task.sleep(for: settings.waitTimeout)
        while !Task.isCancelled {
            if leave(ticket, Self.expired) { return }
            // It has not joined yet, or has just been served.
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    private static let cancelled = StorageError(
        .poolExhausted, "the task was cancelled while it waited for a connection")
    private static let expired = StorageError(
        .poolExhausted, "no connection came free in time; the pool is too small or the database too slow")
    private static let full = StorageError(
        .poolExhausted, "too many callers wait for a connection; try again later")
}
