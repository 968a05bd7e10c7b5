@preconcurrency import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as something that can be waited for, so that a command ends gracefully. A second one ends it at once.
enum Interruption {
    /// One element for the first interruption.
    static func signals() -> AsyncStream<Void> {
        AsyncStream { continuation in
            let count = Mutex(0)
            let sources = [SIGINT, SIGTERM].map { number in
                signal(number, SIG_IGN)
                return DispatchSource.makeSignalSource(signal: number, queue: .global())
            }
            let handler: @Sendable () -> Void = {
                let times = count.withLock { count in
                    count += 1
                    return count
                }
                if times > 1 { exit(CommandFailure.Code.interrupted.rawValue) }
                continuation.yield()
            }
            for source in sources {
                source.setEventHandler(handler: handler)
                source.resume()
            }
            continuation.onTermination = { _ in
                for source in sources { source.cancel() }
            }
        }
    }

    /// Runs `body`; it is cancelled by an interruption.
    static func cancelling<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals() { return nil }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let result = first else { throw CancellationError() }
            return result
        }
    }
}
