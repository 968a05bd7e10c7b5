import Glibc

/// A thread of our own for blocking calls, so that they never hold up the cooperative pool.
///
/// Signals stay with the other threads; so a broken connection raises no SIGPIPE here that could end the process.
enum OwnedThread {
    /// Starts a thread that runs `body` once.
    static func start(_ body: @escaping @Sendable () -> Void) throws(EmailAccessError) {
        let argument = Unmanaged.passRetained(ThreadBody(run: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, enterThread, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw EmailAccessError(
                .unreachable,
                "A thread cannot be started (\(String(cString: strerror(code)))); raise the process limit.")
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private func enterThread(_ raw: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let raw else { return nil }
    let body = Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue()
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    body.run()
    return nil
}
