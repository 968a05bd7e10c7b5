/// Growing pauses between attempts, with jitter so that instances do not come back in step.
struct Backoff {
    private let first: Int64
    private let longest: Int64
    private var next: Int64
    /// True until the first failure after a success.
    private(set) var isFresh = true

    init(first: Duration = .milliseconds(20), longest: Duration = .milliseconds(500)) {
        self.first = first.nanoseconds
        self.longest = longest.nanoseconds
        next = self.first
    }

    /// Notes a failure that is followed by an attempt at once.
    mutating func begin() { isFresh = false }

    /// Nanoseconds to pause now; doubles up to the longest, each between half and the whole of it.
    mutating func pause() -> Int64 {
        isFresh = false
        defer { next = min(next * 2, longest) }
        return Int64.random(in: next / 2...next)
    }

    /// Notes a success.
    mutating func reset() {
        isFresh = true
        next = first
    }
}
