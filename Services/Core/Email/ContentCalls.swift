/// The blocking calls that wait and that are being made, so that a disk that answers nobody is known and nobody waits for it.
struct ContentCalls: Sendable {
    /// How many are made at once.
    private let threads: Int
    /// How long a call may take while others wait for it.
    private let patience: Duration
    private var last = 0
    private var waiting: [Int: (@Sendable () -> Void)?] = [:]
    private var begun: [Int: ContinuousClock.Instant] = [:]

    init(threads: Int, patience: Duration) {
        self.threads = threads
        self.patience = patience
    }

    /// A call waits for a thread.
    /// - Parameter refuse: tells its caller that it is not made; without it, it waits however long.
    mutating func add(_ refuse: (@Sendable () -> Void)?) -> Int {
        last += 1
        waiting[last] = .some(refuse)
        return last
    }

    /// A thread takes it.
    /// - Returns: false when it was refused meanwhile.
    mutating func begin(_ call: Int, at now: ContinuousClock.Instant) -> Bool {
        guard waiting.removeValue(forKey: call) != nil else { return false }
        begun[call] = now
        return true
    }

    mutating func end(_ call: Int) { begun[call] = nil }

    /// When every thread has been with one call for longer than is patient, nobody can tell when the next is made. One call
    /// that hangs, or is long, leaves the other threads.
    /// - Returns: what refuses those that wait; nil while there is an answer to wait for.
    mutating func giveUp(at now: ContinuousClock.Instant) -> [@Sendable () -> Void]? {
        guard begun.count == threads, begun.values.allSatisfy({ $0.duration(to: now) > patience }) else { return nil }
        defer { waiting = waiting.filter { $0.value == nil } }
        return waiting.values.compactMap(\.self)
    }
}
