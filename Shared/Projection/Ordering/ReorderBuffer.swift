import Domain
import Messaging

/// Brings a tenant's events, which come from several partitions and from the feed, into the order of their positions,
/// and says what to do next. A value: events and the time go in, steps come out.
///
/// It holds at most `window` positions beyond what is applied and about `bytes` bytes; what does not fit is not kept and
/// comes from the feed in its time.
public struct ReorderBuffer: Sendable {
    /// Bounds.
    public struct Limits: Sendable {
        /// Positions beyond what is applied.
        public var window: Int64 = 50_000
        /// Bytes of messages.
        public var bytes = 24 << 20
        /// Events in one step.
        public var batch = 2000
        /// Events in one page of the feed.
        public var page = 2000
        /// Events that may wait when the feed's next page is asked for: while far behind, one page is applied and the next
        /// one waits or is on its way.
        public var ahead: Int64 = 2000
        /// Bytes of the feed's events that may wait when its next page is asked for.
        public var aheadBytes = 12 << 20
        /// How long the next event is waited for before the feed is asked.
        public var patience: Duration = .seconds(1)

        /// The usual bounds.
        public init() {}
    }

    /// What became of an event that came in.
    public enum Arrival: Sendable, Hashable {
        /// It waits for its turn, or its turn has come.
        case kept
        /// It has been applied already, or waits already.
        case repeated
        /// It lies too far ahead, or there is no room.
        case beyond
    }

    /// What to do next.
    public enum Step: Sendable {
        /// Apply these, which follow what is applied without a gap; then call `applied`.
        case apply([PendingEvent])
        /// Ask the feed for what comes after this position; then call `answered`.
        case ask(after: Int64)
        /// Wait for so long, or for an event to come in.
        case wait(Duration)
    }

    private let limits: Limits
    /// The last position that is applied, or passed over.
    public private(set) var position: Int64
    /// The last position that is applied, which is the one that is stored.
    public private(set) var stored: Int64
    /// The highest position heard of: of a message, or where the feed ends.
    public private(set) var newest: Int64
    /// For each partition the offset of the last message that is applied.
    public private(set) var offsets: [TopicPartition: Int64]
    /// The same of messages alone that came here, since applying went on from the progress that is stored and since the feed
    /// was last read page by page.
    public private(set) var heard: [TopicPartition: Int64] = [:]
    /// Whether the feed is read without pause because it holds more than it gave.
    public private(set) var readsFeed = false
    /// Everything up to here is held, or has been applied: the feed need not give it.
    private var whole: Int64
    private var events: [Int64: PendingEvent] = [:]
    private var bytes = 0
    /// Those of them that events of the feed take.
    private var feedBytes = 0
    /// Since when the next event is missing, on the caller's clock.
    private var missingSince: Duration?

    /// A buffer that goes on where progress ends.
    public init(_ progress: ProjectionProgress = ProjectionProgress(), limits: Limits = Limits()) {
        self.limits = limits
        position = progress.position
        stored = progress.position
        newest = progress.position
        whole = progress.position
        offsets = progress.offsets
    }

    /// Events that wait.
    public var count: Int { events.count }

    /// Positions that there are, as far as is known, and that are not applied yet.
    public var lag: Int64 { max(0, newest - position) }

    /// When the next event happened, or the earliest of those that wait behind a gap. Nil when none waits.
    public var oldestWaiting: Instant? {
        if let next = events[position + 1] { return next.at }
        return events.isEmpty ? nil : events.values.lazy.compactMap(\.at).min()
    }

    /// Takes an event of a topic in.
    public mutating func take(_ event: PendingEvent) -> Arrival {
        newest = max(newest, event.position)
        guard event.position > position else {
            noteOffset(of: event)
            return .repeated
        }
        guard events[event.position] == nil else { return .repeated }
        // What comes next always fits, so that a full buffer cannot stand still.
        let isNext = event.position == position + 1
        guard isNext || (event.position <= position + limits.window && bytes < limits.bytes) else { return .beyond }
        keep(event)
        return .kept
    }

    /// What to do next.
    /// - Parameter now: on a clock that only goes forward.
    public mutating func step(at now: Duration) -> Step {
        if events[position + 1] != nil {
            missingSince = nil
            return .apply(run())
        }
        if let question = question(at: now) { return .ask(after: question) }
        return .wait(missingSince.map { limits.patience - (now - $0) } ?? limits.patience)
    }

    /// What the feed is to be asked for now, be it that there is something to apply meanwhile: what comes after this
    /// position; nil for nothing.
    public mutating func question(at now: Duration) -> Int64? {
        if readsFeed {
            let waiting = max(whole, position) - position
            let isRoom = waiting <= limits.ahead && feedBytes < limits.aheadBytes
            return isRoom || waiting == 0 ? max(whole, position) : nil
        }
        guard events[position + 1] == nil else { return nil }
        let since = missingSince ?? now
        missingSince = since
        return now - since >= limits.patience ? position : nil
    }

    /// How many events the feed is asked for.
    public var pageSize: Int { limits.page }

    /// The feed has answered.
    /// - Parameter after: the position that it was asked with.
    /// - Returns: how many positions it no longer holds between what is applied and its first event, or what waits, or
    ///   where it ends; they are passed over.
    public mutating func answered(_ page: FeedPage, after: Int64, at now: Duration) -> Int64 {
        missingSince = now
        newest = max(newest, page.last)
        let end = page.events.last?.position ?? page.last
        guard end > position else {
            readsFeed = false
            return 0
        }
        var first = page.events.first?.position ?? page.last + 1
        var hole = max(0, first - max(after, position) - 1)
        if hole > 0 {
            // Passed over only when nothing is left before it; then it is asked about again.
            guard after == position else {
                readsFeed = false
                return 0
            }
            // The topic may have kept some of it for longer.
            first = min(first, events.keys.min() ?? first)
            hole = first - position - 1
            moveOn(to: first - 1)
        }
        for event in page.events where event.position > position && events[event.position] == nil {
            keep(PendingEvent(event))
        }
        noteWhole()
        // A full page has more behind it, and so has one that ends early, unless the topic has brought that already.
        let hasMore = page.events.count >= limits.page || end < page.last
        readsFeed = hasMore && (whole == end || whole < newest)
        // Far behind, the topics are not read, and databases may be restored before they are again.
        if readsFeed { heard = [:] }
        return hole
    }

    /// The feed could not be asked.
    public mutating func notAnswered(at now: Duration) {
        missingSince = now
        readsFeed = false
    }

    /// The step's events are applied.
    public mutating func applied(_ run: [PendingEvent]) {
        for event in run { noteOffset(of: event) }
        if let last = run.last {
            moveOn(to: last.position)
            stored = last.position
        }
    }

    /// Another instance has come so far. One that stands before what was known here has lost what came later, or was
    /// restored, and what waits here is of a time that may never have been.
    public mutating func follow(_ progress: ProjectionProgress) {
        guard progress.position >= stored else {
            begin(at: progress)
            return
        }
        newest = max(newest, progress.position)
        moveOn(to: progress.position)
        stored = progress.position
        offsets.merge(progress.offsets) { max($0, $1) }
    }

    /// Goes on where progress ends and keeps what waits behind it. The feed is asked at once for what does not wait here:
    /// the topic may have been read too late to bring it.
    /// - Parameter anew: that nothing is kept, as is done also where progress ends before what was applied here: databases
    ///   may have been restored meanwhile, and what waits may be of events that never happened.
    public mutating func restart(at progress: ProjectionProgress, anew: Bool = false) {
        if anew || progress.position < stored {
            begin(at: progress)
            readsFeed = true
            return
        }
        if progress.position >= position { moveOn(to: progress.position) } else { position = progress.position }
        stored = progress.position
        // In a restored database there is less than was heard of.
        newest = max(position, events.keys.max() ?? 0)
        whole = position
        offsets = progress.offsets
        readsFeed = events[position + 1] == nil
        missingSince = nil
    }

    /// As if nothing had come in yet.
    private mutating func begin(at progress: ProjectionProgress) {
        self = ReorderBuffer(progress, limits: limits)
    }

    /// Takes out what lies beyond the feed's end: the feed was asked after it had come in, so it never happened there.
    public mutating func discard(beyond last: Int64) {
        for position in events.keys where position > last { remove(position) }
        newest = max(position, min(newest, last))
        whole = min(whole, max(position, last))
    }

    /// Takes out an event that cannot be read, so that the feed is asked for it.
    public mutating func discard(_ position: Int64) {
        remove(position)
        whole = min(whole, position - 1)
    }

    /// Progress once a run is applied.
    public func progress(after run: [PendingEvent], lastId: String) -> ProjectionProgress {
        var next = offsets
        for event in run { if let partition = event.partition { next[partition] = event.offset } }
        return ProjectionProgress(position: run.last?.position ?? position, eventId: lastId, offsets: next)
    }

    private func run() -> [PendingEvent] {
        var run: [PendingEvent] = []
        while run.count < limits.batch, let event = events[position + Int64(run.count) + 1] { run.append(event) }
        return run
    }

    private mutating func keep(_ event: PendingEvent) {
        events[event.position] = event
        bytes += event.size
        if event.partition == nil { feedBytes += event.size }
    }

    private mutating func remove(_ position: Int64) {
        guard let event = events.removeValue(forKey: position) else { return }
        bytes -= event.size
        if event.partition == nil { feedBytes -= event.size }
    }

    private mutating func noteWhole() {
        whole = max(whole, position)
        while events[whole + 1] != nil { whole += 1 }
    }

    private mutating func noteOffset(of event: PendingEvent) {
        guard let partition = event.partition else { return }
        offsets[partition] = event.offset
        heard[partition] = event.offset
    }

    private mutating func moveOn(to next: Int64) {
        // Few at a time as a rule; after a long absence what waits is looked through once.
        if next - position <= Int64(events.count) {
            for passed in stride(from: position + 1, through: next, by: 1) { remove(passed) }
        } else {
            for passed in events.keys where passed <= next { remove(passed) }
        }
        position = max(position, next)
        missingSince = nil
    }
}
