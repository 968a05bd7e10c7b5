import Domain
import EmailAccess

/// Takes messages out of the open folder of a session.
struct TakeMessages {
    let session: ImapSession
    let held: HeldInbound
    let state: ImapFolderState
    let handOver: HandOver
    /// From when on mail is taken.
    let from: Instant
    /// Up to this UID the folder was read.
    var taken: UInt32 = 0

    var inbound: MailboxInbound { held.inbound }
    /// Servers search by days, and may count them otherwise than we.
    static let day: Int64 = 86_400_000

    init(session: ImapSession, held: HeldInbound, state: ImapFolderState, handOver: HandOver, from: Instant) {
        self.session = session
        self.held = held
        self.state = state
        self.handOver = handOver
        self.from = from
    }

    /// Takes what has come since the last time.
    mutating func takeNew() async throws {
        let uids = try await session.uids(from: taken + 1)
        guard let last = uids.ranges.last?.upperBound else { return }
        try await take(uids, filter: { _ in true }, upTo: last)
        taken = max(taken, last)
    }

    /// Takes a folder that was never read, or was rebuilt: what it got since mail is taken at all.
    mutating func takeFirst() async throws {
        // Read before: what comes meanwhile has a higher UID and is new.
        let last = state.uidNext - 1
        let uids = try await session.uids(from: 1, since: from.milliseconds - Self.day)
        let from = from.milliseconds
        let known = UIDSet(
            uids.ranges.compactMap { $0.lowerBound > last ? nil : $0.lowerBound...min(last, $0.upperBound) })
        // IMAP's dates have no fractions of a second. How far the folder is read is told at the end only: whoever goes on
        // from somewhere in it takes all that follows, and UIDs of a folder that was moved do not follow the dates.
        try await take(known, filter: { $0.internalDate >= from - 1000 }, upTo: last, advances: false, isAnew: true)
        // Also where there was nothing: from here on everything is taken.
        try await handOver.pass(last)
        taken = last
    }

    /// Takes in batches, each of which is fetched, then read, then told to core; what was taken is marked.
    /// - Parameter isAnew: whether some of them may have been taken when the folder was read before: those are not fetched.
    func take(
        _ uids: UIDSet, filter: @Sendable (MessageSummary) -> Bool, upTo last: UInt32, advances: Bool = true,
        isAnew: Bool = false
    ) async throws {
        var pace = FetchPace()
        for part in Self.parts(uids) {
            let troubles = held.troubles
            var summaries = try await session.summaries(part).filter(filter).filter { !troubles.isAhead($0.uid) }
            if isAnew, !summaries.isEmpty {
                let missing = try await held.core.taken(summaries.map(\.uid), of: handOver.place).missing
                summaries.removeAll { !missing.contains($0.uid) }
            }
            guard !summaries.isEmpty else { continue }
            pace = try await held.dependencies.taking.use { [pace, summaries] turn in
                try await take(summaries, advances, turn, pace)
            }
        }
        try held.troubles.endRound()
        // What is gone or was left out is passed over.
        if advances { try await handOver.pass(last) }
    }

    /// A batch that is past a step.
    private enum Done: Sendable {
        case read(HandOver.Readied)
        case told(HandOver.Settled)
    }

    /// Core takes one batch over while the next is read and the one after that is fetched.
    /// - Returns: how much is fetched at a time from then on.
    private func take(
        _ summaries: [MessageSummary], _ advances: Bool, _ turn: Turn, _ pace: FetchPace
    ) async throws -> FetchPace {
        try await withThrowingTaskGroup(of: Done.self) { group in
            var pace = pace
            var rest = summaries[...]
            var readied: HandOver.Readied?
            /// Bytes of the batch before, which is in hand still.
            var before = 0
            func finishStep() async throws {
                while let done = try await group.next() {
                    switch done {
                    case .read(let batch): readied = batch
                    case .told(let settled):
                        held.troubles.took(settled.uids)
                        try await mark(settled)
                    }
                }
                guard let batch = readied.take() else { return }
                try held.requireTrust()
                group.addTask { [handOver] in .told(try await handOver.tell(batch)) }
            }
            let fetch = FetchMessages(session: session, troubles: held.troubles, greatest: inbound.greatestMessage)
            while let batch = MessageBatches.next(
                of: &rest, greatest: inbound.greatestMessage, bytes: pace.bytes)
            {
                let isAhead = held.troubles.hasPostponed
                let begin = ContinuousClock.now
                let fetched = try await turn.lending(batch.held + before) { try await fetch(batch) }
                pace.note(ContinuousClock.now - begin)
                before = batch.held
                try await finishStep()
                // How far the folder is read stays behind what is asked for again.
                let highest =
                    advances && !isAhead ? fetched.postponed.map { $0 - 1 } ?? batch.all.map(\.uid).max() : nil
                group.addTask { [handOver] in .read(try await handOver.ready(fetched.items, upTo: highest)) }
            }
            // The last is read, then told, then marked.
            for _ in 0..<2 { try await finishStep() }
            return pace
        }
    }

    /// Messages that nobody has read.
    func unread() async throws -> Int { try await session.unseen().count }

    /// So many UIDs at a time are asked for.
    static func parts(_ uids: UIDSet) -> [UIDSet] {
        var parts: [UIDSet] = []
        var part: [UInt32] = []
        for uid in uids.uids {
            part.append(uid)
            if part.count == 2000 {
                parts.append(UIDSet(part))
                part = []
            }
        }
        return part.isEmpty ? parts : parts + [UIDSet(part)]
    }
}
