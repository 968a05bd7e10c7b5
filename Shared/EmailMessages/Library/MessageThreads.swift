import Glibc
import Threads

/// Threads of our own on which messages are read and written, because that blocks on files and burns processor time.
///
/// Unchecked: `jobs`, `isStopping` and `running` are only touched under `mutex`, whose address must not move (a
/// condition variable needs it). This is the one such box of this module.
public final class MessageThreads: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable (Bool) -> Void] = []
    private var isStopping = false

    /// Starts `count` threads; they live until `stop`.
    public init(count: Int) {
        precondition(count > 0, "messages need at least one thread")
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
        for _ in 0..<count { OwnedThread.startOrTrap { self.work() } }
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        wake.deallocate()
        mutex.deallocate()
    }

    /// Ends the threads after what they have in hand; what still waits fails with `stopped`.
    public func stop() {
        pthread_mutex_lock(mutex)
        isStopping = true
        let waiting = jobs
        jobs = []
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
        for job in waiting { job(false) }
    }

    /// Runs `body` on one of the threads and returns what it returns.
    ///
    /// - Throws: what `body` throws; `stopped` after `stop`.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(EmailMessageError) -> Value
    ) async throws(EmailMessageError) -> Value {
        let result: Result<Value, EmailMessageError> = await withCheckedContinuation { continuation in
            enqueue { isRunning in
                guard isRunning else {
                    continuation.resume(
                        returning: .failure(EmailMessageError(.stopped, "The service is stopping; try again.")))
                    return
                }
                do throws(EmailMessageError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private func enqueue(_ job: @escaping @Sendable (Bool) -> Void) {
        pthread_mutex_lock(mutex)
        let isStopped = isStopping
        if !isStopped { jobs.append(job) }
        pthread_cond_signal(wake)
        pthread_mutex_unlock(mutex)
        if isStopped { job(false) }
    }

    private func work() {
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty && !isStopping { pthread_cond_wait(wake, mutex) }
            let job = jobs.isEmpty ? nil : jobs.removeFirst()
            pthread_mutex_unlock(mutex)
            guard let job else { return }
            job(true)
        }
    }
}
