import Logging

/// Runs a step again and again until the task is cancelled. An error is logged, the same error in a row once, and the next
/// try comes later each time: after 100 ms at first, at last after `longestPause`.
/// - Parameter step: returns how long to wait before the next one; zero for at once.
public func repeating(
    _ name: String, logger: Logger, longestPause: Duration = .seconds(2), _ step: @Sendable () async throws -> Duration
) async {
    var failures = 0
    var lastMessage = ""
    while !Task.isCancelled {
        var pause: Duration
        do {
            pause = try await step()
            if failures > 0 { logger.notice("works again", metadata: ["part": "\(name)"]) }
            failures = 0
            lastMessage = ""
        } catch is CancellationError {
            return
        } catch {
            if Task.isCancelled { return }
            failures += 1
            let message = "\(error)"
            if message != lastMessage {
                logger.warning("failed, will be tried again", metadata: ["part": "\(name)", "error": "\(message)"])
                lastMessage = message
            }
            pause = min(longestPause, .milliseconds(50 << min(failures, 12)))
        }
        if pause > .zero { try? await Task.sleep(for: pause) } else { await Task.yield() }
    }
}
