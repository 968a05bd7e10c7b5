import Glibc

/// A thread of our own for blocking calls, so that they never hold up the cooperative pool.
///
/// Signals stay with the other threads; so a broken connection raises no SIGPIPE here that could end the process.
package enum OwnedThread {
    /// Starts a detached thread that runs `body` once and ends with it.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadRefused) {
        let argument = Unmanaged.passRetained(ThreadBody(run: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, enterThread, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw ThreadRefused(code: code)
        }
        pthread_detach(thread)
    }

    /// As `start`, where there is nobody to tell of a refusal and nothing works without the thread.
    package static func startOrTrap(_ body: @escaping @Sendable () -> Void) {
        do { try start(body) } catch { preconditionFailure("\(error)") }
    }
}

/// The system gave no thread: the process has too many, or memory is short.
package struct ThreadRefused: Error, CustomStringConvertible {
    let code: Int32

    /// What to do about it.
    package var description: String {
        "A thread cannot be started (\(String(cString: strerror(code)))); raise the limit of processes."
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
