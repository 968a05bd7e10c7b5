import Glibc

/// Threads of our own for the client library's blocking calls, so that the cooperative pool is never held up.
enum OwnedThread {
    /// Starts a detached thread. The body ends the thread by returning.
    static func start(_ body: @escaping @Sendable () -> Void) {
        let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        let status = pthread_create(&thread, &attributes, runThreadBody, argument)
        pthread_attr_destroy(&attributes)
        precondition(status == 0, "the system refused a thread")
    }

    /// Runs a blocking body on a thread of its own and waits for it without blocking.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(MessagingError) -> Value
    ) async throws(MessagingError) -> Value {
        let result: Result<Value, MessagingError> = await withCheckedContinuation { continuation in
            start {
                do throws(MessagingError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
    return nil
}
