import Logging

/// Runs a step again and again until the task is cancelled. An error is logged and the next try comes later;
/// the same error in a row is logged once.
/// - Parameter step: returns how long to wait before the next one; zero for at once.
func repeating(
    _ name: String, logger: Logger, _ step: @Sendable () async throws -> Duration
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
            failures += 1
            let message = "\(error)"
            if message != lastMessage {
                logger.warning("failed, will be tried again", metadata: ["part": "\(name)", "error": "\(message)"])
                lastMessage = message
            }
            pause = .milliseconds(min(2000, 50 << min(failures, 6)))
        }
        if pause > .zero { try? await Task.sleep(for: pause) } else { await Task.yield() }
    }
}
