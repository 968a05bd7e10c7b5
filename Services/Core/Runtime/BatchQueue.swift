import Synchronization

/// Collects requests that arrive while a batch is under way and hands them to the next one together.
///
/// A commit costs milliseconds on a busy disk; a lone request is served at once, and under load the batches grow by themselves.
package final class BatchQueue<Request: Sendable, Response: Sendable>: Sendable {
    private struct Waiting {
        let request: Request
        var epoch = 0
        let answer: (@Sendable (Result<Response, any Error>) -> Void)?

        init(request: Request, answer: (@Sendable (Result<Response, any Error>) -> Void)?) {
            self.request = request
            self.answer = answer
        }
    }
    private struct State {
        var waiting: [Waiting] = []
        var first = 0
        var idle: [CheckedContinuation<Void, Never>] = []
        var closed = false
        /// Of each epoch, how many requests have not ended. Whoever waits for all before begins a new one.
        var open: [Int: Int] = [:]
        var epoch = 0
        var settlers: [(epoch: Int, continuation: CheckedContinuation<Void, Never>)] = []

        mutating func add(_ requests: [Waiting]) {
            for var request in requests {
                request.epoch = epoch
                waiting.append(request)
            }
            open[epoch, default: 0] += requests.count
        }

        /// - Returns: those who have nothing more to wait for.
        mutating func end(_ requests: [Waiting]) -> [CheckedContinuation<Void, Never>] {
            for request in requests {
                guard let left = open[request.epoch] else { continue }
                open[request.epoch] = left > 1 ? left - 1 : nil
            }
            guard !settlers.isEmpty else { return [] }
            let first = open.keys.min() ?? .max
            defer { settlers.removeAll { $0.epoch < first } }
            return settlers.filter { $0.epoch < first }.map(\.continuation)
        }

        mutating func take(_ most: Int) -> [Waiting] {
            let end = first + min(most, waiting.count - first)
            let taken = Array(waiting[first..<end])
            first = end
            if first == waiting.count {
                waiting.removeAll(keepingCapacity: waiting.capacity <= 4096)
                first = 0
            }
            return taken
        }
    }
    private let state = Mutex(State())
    private let largestBatch: Int
    private let failed: @Sendable (any Error, Int) -> Void
    private let perform: @Sendable ([Request]) async throws -> [Result<Response, any Error>]

    /// - Parameters:
    ///   - failed: told of an error, and of how many requests it failed for whom nobody waits.
    ///   - perform: answers every request, in order; when it throws, each of them fails with that error.
    package init(
        largestBatch: Int = 500, failed: @escaping @Sendable (any Error, Int) -> Void = { _, _ in },
        perform: @escaping @Sendable ([Request]) async throws -> [Result<Response, any Error>]
    ) {
        self.largestBatch = largestBatch
        self.failed = failed
        self.perform = perform
    }

    /// How many requests wait for a batch.
    var depth: Int { state.withLock { $0.waiting.count - $0.first } }

    /// Waits until the request's batch has ended.
    package func submit(_ request: Request) async throws -> Response {
        try await withCheckedThrowingContinuation { continuation in
            add([Waiting(request: request, answer: { continuation.resume(with: $0) })])
        }
    }

    /// Waits until all requests have ended; answers in their order.
    package func submit(all requests: [Request]) async -> [Result<Response, any Error>] {
        guard !requests.isEmpty else { return [] }
        let gathered = Mutex(
            (left: requests.count, results: [Result<Response, any Error>?](repeating: nil, count: requests.count)))
        return await withCheckedContinuation { continuation in
            add(
                requests.enumerated().map { index, request in
                    Waiting(request: request) { result in
                        let done: [Result<Response, any Error>]? = gathered.withLock {
                            $0.results[index] = result
                            $0.left -= 1
                            return $0.left == 0 ? $0.results.compactMap { $0 } : nil
                        }
                        if let done { continuation.resume(returning: done) }
                    }
                })
        }
    }

    /// Hands a request over without waiting for its end.
    package func post(_ request: Request) {
        add([Waiting(request: request, answer: nil)])
    }

    /// Whether something that was handed over has not ended.
    package var isBusy: Bool { state.withLock { !$0.open.isEmpty } }

    /// Waits until everything that was handed over before has ended, well or not.
    /// - Returns: whether there was anything.
    package func settle() async -> Bool {
        guard state.withLock({ !$0.open.isEmpty }) else { return false }
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.open.isEmpty { return true }
                state.settlers.append((state.epoch, continuation))
                state.epoch += 1
                return false
            }
            if isSettled { continuation.resume() }
        }
        return true
    }

    /// Serves requests until the task is cancelled; what waits then fails.
    package func run(workers: Int = 1) async {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<workers { group.addTask { await self.work() } }
            }
        } onCancel: {
            let idle = state.withLock { state in
                state.closed = true
                defer { state.idle.removeAll() }
                return state.idle
            }
            for worker in idle { worker.resume() }
        }
        let left = state.withLock { $0.take(.max) }
        for waiting in left { waiting.answer?(.failure(CancellationError())) }
        end(left)
    }

    private func end(_ requests: [Waiting]) {
        for settler in state.withLock({ $0.end(requests) }) { settler.resume() }
    }

    private func add(_ requests: [Waiting]) {
        let (closed, woken) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            if state.closed { return (true, nil) }
            state.add(requests)
            return (false, state.idle.popLast())
        }
        if closed { for request in requests { request.answer?(.failure(CancellationError())) } }
        woken?.resume()
    }

    private func work() async {
        while true {
            let (batch, closed) = state.withLock { ($0.take(largestBatch), $0.closed) }
            if batch.isEmpty {
                if closed { return }
                await withCheckedContinuation { continuation in
                    let ready = state.withLock { state in
                        if state.closed || state.first < state.waiting.count { return true }
                        state.idle.append(continuation)
                        return false
                    }
                    if ready { continuation.resume() }
                }
                continue
            }
            do {
                let answers = try await perform(batch.map(\.request))
                for (waiting, answer) in zip(batch, answers) { waiting.answer?(answer) }
            } catch {
                for waiting in batch { waiting.answer?(.failure(error)) }
                let posted = batch.count { $0.answer == nil }
                if posted > 0, !(error is CancellationError) { failed(error, posted) }
            }
            end(batch)
        }
    }
}
