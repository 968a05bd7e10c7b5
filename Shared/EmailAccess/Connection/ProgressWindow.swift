/// Judges whether a server makes progress: so many bytes in each window, or the answer is complete before.
package struct ProgressWindow: Sendable {
    private let length: Int64
    private let leastBytes: Int
    private var begin: Int64
    private var count = 0

    /// - Parameter now: nanoseconds of a monotonic clock.
    package init(_ patience: MailPatience, at now: Int64) {
        length = max(1, patience.window.nanoseconds)
        leastBytes = patience.leastBytes
        begin = now
    }

    /// When the window ends.
    package var deadline: Int64 {
        let (sum, overflow) = begin.addingReportingOverflow(length)
        return overflow ? .max : sum
    }

    /// Notes bytes that have moved.
    package mutating func note(_ bytes: Int) { count += bytes }

    /// Begins the next window when this one is over.
    /// - Returns: false when the one that is over brought too little.
    package mutating func holds(at now: Int64) -> Bool {
        guard now >= deadline else { return true }
        guard count >= leastBytes else { return false }
        begin = now
        count = 0
        return true
    }
}
