import Threads

extension OwnedThread {
    /// Runs a blocking body on a thread of its own and waits for it without blocking.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(MessagingError) -> Value
    ) async throws(MessagingError) -> Value {
        let result: Result<Value, MessagingError> = await withCheckedContinuation { continuation in
            startOrTrap {
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
