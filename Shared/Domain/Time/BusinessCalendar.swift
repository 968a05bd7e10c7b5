/// A stretch of time during which a calendar is open: from `start` until just before `end`.
public struct Opening: Sendable, Hashable {
    /// The first instant at which it is open.
    public var start: Instant
    /// The first instant at which it is no longer open.
    public var end: Instant

    /// The opening between two instants; it counts nothing unless it ends after it starts.
    public init(start: Instant, end: Instant) {
        self.start = start
        self.end = end
    }
}

/// A compiled calendar: every opening, with the time open before it, so that business time is one search away.
///
/// Business time B(t) is the milliseconds during which the calendar was open up to t. It never falls, and grows as fast
/// as the clock within openings.
public struct BusinessCalendar: Sendable, Hashable {
    /// An opening and the business time at which it starts.
    struct Row: Hashable {
        var start: Int64
        var end: Int64
        var before: Int64
    }

    /// Openings that are longer than zero, in order, apart from each other.
    let rows: [Row]

    /// Instants and business times are held within ±2^52 ms, where a Double (such as a Redis score) is still exact.
    public static let bound: Int64 = 1 << 52

    /// A calendar with these openings in any order; those that overlap or touch become one.
    public init(openings: some Sequence<Opening>) {
        var sorted: [Row] = []
        sorted.reserveCapacity(openings.underestimatedCount)
        for opening in openings {
            let start = max(opening.start.milliseconds, -BusinessCalendar.bound)
            let end = min(opening.end.milliseconds, BusinessCalendar.bound)
            if start < end { sorted.append(Row(start: start, end: end, before: 0)) }
        }
        sorted.sort { $0.start < $1.start }
        var rows: [Row] = []
        rows.reserveCapacity(sorted.count)
        for next in sorted {
            guard let last = rows.last else {
                rows.append(next)
                continue
            }
            if next.start <= last.end {
                rows[rows.count - 1].end = max(last.end, next.end)
            } else {
                rows.append(Row(start: next.start, end: next.end, before: last.before + last.end - last.start))
            }
        }
        self.rows = rows
    }

    init(rows: [Row]) {
        self.rows = rows
    }

    /// The calendar that never closes; its business time is the milliseconds since 1970.
    public static let alwaysOpen = BusinessCalendar(rows: [Row(start: -bound, end: bound, before: -bound)])

    /// The openings in order, apart from each other.
    public var openings: [Opening] {
        rows.map { Opening(start: Instant(milliseconds: $0.start), end: Instant(milliseconds: $0.end)) }
    }

    /// When the last opening ends; from then on business time stands still. Nil without openings.
    public var lastClosing: Instant? {
        rows.last.map { Instant(milliseconds: $0.end) }
    }

    /// B(t): the milliseconds open up to `instant`; before the first opening what it starts with (0).
    public func businessTime(at instant: Instant) -> Int64 {
        let time = instant.milliseconds
        return rows.withUnsafeBufferPointer { rows in
            let count = firstIndex(in: rows) { $0.start > time }
            guard count > 0 else { return rows.first?.before ?? 0 }
            let row = rows[count - 1]
            return row.before + min(time, row.end) - row.start
        }
    }

    /// The first instant, from the first opening on, whose business time is at least `businessTime`.
    ///
    /// A business time that is reached when an opening ends gives that end, not the start of the next opening.
    /// Nil when the openings do not reach that far.
    public func instant(atBusinessTime businessTime: Int64) -> Instant? {
        rows.withUnsafeBufferPointer { rows in
            guard let first = rows.first else { return nil }
            guard businessTime > first.before else { return Instant(milliseconds: first.start) }
            let row = rows[firstIndex(in: rows) { $0.before >= businessTime } - 1]
            let inside = businessTime - row.before
            return inside <= row.end - row.start ? Instant(milliseconds: row.start + inside) : nil
        }
    }

    /// The number of leading rows for which `predicate` does not hold; once it holds it must go on holding.
    @inline(__always)
    private func firstIndex(in rows: UnsafeBufferPointer<Row>, where predicate: (Row) -> Bool) -> Int {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) >> 1
            if predicate(rows[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
