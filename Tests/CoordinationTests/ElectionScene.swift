import Coordination
import Synchronization
import Testing

/// Draws terms as PostgreSQL does, and may be told to fail.
final class TermRegister: Sendable {
    private let last = Mutex<Int64>(0)
    private let failures: Mutex<Int>
    private let asked = Mutex(0)

    /// How often a term was asked for.
    var attempts: Int { asked.withLock { $0 } }

    init(failures: Int = 0) { self.failures = Mutex(failures) }

    struct Unavailable: Error {}

    func next() throws -> Int64 {
        asked.withLock { $0 += 1 }
        let fails = failures.withLock { failures in
            failures -= 1
            return failures >= 0
        }
        if fails { throw Unavailable() }
        return last.withLock { last in
            last += 1
            return last
        }
    }
}

/// The real clock, whose sleepers do not wake while the process is "stopped".
final class StallableClock: LeaseClock {
    private let clock = SystemLeaseClock()
    private let stalled = Mutex(false)

    var now: Duration { clock.now }

    func sleep(until deadline: Duration) async throws {
        try await clock.sleep(until: deadline)
        while stalled.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
    }

    func stall() { stalled.withLock { $0 = true } }

    func goOn() { stalled.withLock { $0 = false } }
}

/// One instance that stands for election; the test sees its terms begin and end.
struct Instance: Sendable {
    enum Happening: Sendable {
        case began(LeaseTerm)
        case ended(LeaseTerm)
    }

    let happenings: AsyncStream<Happening>
    let running: Task<Void, any Error>

    init(
        _ holder: String, lease: String, client: RedisClient, subscriber: RedisSubscriber? = nil,
        register: TermRegister, timeToLive: Duration = .milliseconds(900),
        clock: any LeaseClock = SystemLeaseClock()
    ) throws {
        let elector = try Elector(
            ElectorConfiguration(name: lease, holder: holder, keyPrefix: "test:", timeToLive: timeToLive),
            client: client, subscriber: subscriber, clock: clock, logger: quiet, nextTerm: { try register.next() })
        let (stream, continuation) = AsyncStream.makeStream(of: Happening.self)
        happenings = stream
        running = Task {
            defer { continuation.finish() }
            try await elector.run { term in
                continuation.yield(.began(term))
                defer { continuation.yield(.ended(term)) }
                while true { try await Task.sleep(for: .seconds(3600)) }
            }
        }
    }

    /// The next term that begins.
    func elected() async throws -> LeaseTerm {
        for await case .began(let term) in happenings { return term }
        throw CancellationError()
    }

    /// Waits for the present term's body to end.
    func steppedDown() async {
        for await case .ended in happenings { return }
    }

    /// Stops gracefully.
    func stop() async throws {
        running.cancel()
        try await running.value
    }
}
