import Domain
import EmailAccess
import Synchronization

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

    private var inbound: MailboxInbound { held.inbound }

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
        let uids = try await session.uids(from: 1, since: from.milliseconds)
        let from = from.milliseconds
        let known = UIDSet(
            uids.ranges.compactMap { $0.lowerBound > last ? nil : $0.lowerBound...min(last, $0.upperBound) })
        // IMAP's dates have no fractions of a second.
        try await take(known, filter: { $0.internalDate >= from - 1000 }, upTo: last)
        // Also where there was nothing: from here on everything is taken.
        try await handOver.pass(last)
        taken = last
    }

    /// Takes in batches, each of which is fetched, then read, then told to core; what was taken is marked.
    private func take(
        _ uids: UIDSet, filter: @Sendable (MessageSummary) -> Bool, upTo last: UInt32, advances: Bool = true
    ) async throws {
        for part in Self.parts(uids) {
            let summaries = try await session.summaries(part).filter(filter)
            guard !summaries.isEmpty else { continue }
            try await held.dependencies.taking.use {
                try await take(MessageBatches.batches(summaries, greatest: inbound.greatestMessage), advances)
            }
        }
        // What is gone or was left out is passed over.
        if advances { try await handOver.pass(last) }
    }

    /// A batch that is past a step.
    private enum Done: Sendable {
        case read(HandOver.Readied)
        case told(UIDSet)
    }

    /// Core takes one batch over while the next is read and the one after that is fetched.
    private func take(_ batches: [MessageBatches.Batch], _ advances: Bool) async throws {
        try await withThrowingTaskGroup(of: Done.self) { group in
            var readied: HandOver.Readied?
            func finishStep() async throws {
                while let done = try await group.next() {
                    switch done {
                    case .read(let batch): readied = batch
                    case .told(let settled): try await mark(settled)
                    }
                }
                guard let batch = readied.take() else { return }
                try held.requireTrust()
                group.addTask { [handOver] in .told(try await handOver.tell(batch)) }
            }
            for batch in batches {
                let items = try await fetch(batch)
                try await finishStep()
                let highest = advances ? batch.all.map(\.uid).max() : nil
                group.addTask { [handOver] in .read(try await handOver.ready(items, upTo: highest)) }
            }
            // The last is read, then told, then marked.
            for _ in 0..<2 { try await finishStep() }
        }
    }

    private func fetch(_ batch: MessageBatches.Batch) async throws -> [HandOver.Item] {
        let whole = try await fetch(batch.whole, headOnly: false) { _ in nil }
        let greatest = inbound.greatestMessage
        let heads = try await fetch(batch.heads, headOnly: true) { summary in
            "The message has \(summary.size) bytes; the mailbox takes \(greatest) at most. Only its head was kept."
        }
        return (whole + heads).sorted { $0.message.uid < $1.message.uid }
    }

    /// Fetches messages; one that the server does not give out is told of all the same, without anything in it, so that
    /// it stops no other.
    private func fetch(
        _ summaries: [MessageSummary], headOnly: Bool, failed: @Sendable (MessageSummary) -> String?
    ) async throws -> [HandOver.Item] {
        guard !summaries.isEmpty else { return [] }
        let known = Dictionary(summaries.map { ($0.uid, $0) }, uniquingKeysWith: { $1 })
        var items: [UInt32: HandOver.Item] = [:]
        func take(_ messages: [FetchedMessage]) {
            for message in messages {
                guard let summary = known[message.uid] else { continue }
                // Nothing in the place of a message is no message: it is listed with its size.
                if message.body.size == 0, summary.size > 0, !headOnly { continue }
                items[message.uid] = HandOver.Item(message: message, size: summary.size, failed: failed(summary))
            }
        }
        func giveUp(_ summary: MessageSummary, _ reason: String) {
            let message = FetchedMessage(
                uid: summary.uid, internalDate: summary.internalDate, flags: summary.flags, body: .bytes([]))
            items[summary.uid] = HandOver.Item(
                message: message, size: summary.size, failed: "The mail server does not give the message out. \(reason)"
            )
        }
        let troubles = held.troubles
        let suspects = summaries.filter { troubles.isSuspect($0.uid) }
        let others = summaries.filter { !troubles.isSuspect($0.uid) }
        let (first, refusal) = try await troubles.watching(others.map(\.uid)) {
            try await collect(Self.halves(others), headOnly: headOnly)
        }
        take(first)
        for summary in suspects where troubles.isGivenUp(summary.uid) {
            giveUp(summary, "It ends the connection when it is asked for it.")
        }
        var missing = summaries.filter { items[$0.uid] == nil }
        if missing.isEmpty { return Array(items.values) }
        // Those that somebody has removed meanwhile are not missed.
        let there = try await session.uids(where: [.among(UIDSet(missing.map(\.uid)))])
        let left = Set(there.uids)
        missing = missing.filter { left.contains($0.uid) }
        for summary in missing {
            let (found, refused) = try await troubles.watching([summary.uid]) {
                try await collect([UIDSet([summary.uid])], headOnly: headOnly)
            }
            take(found)
            guard items[summary.uid] == nil else { continue }
            giveUp(summary, (refused ?? refusal)?.text ?? "It says nothing of it.")
        }
        return Array(items.values)
    }

    /// What the server gives out of some messages, and its refusal, if it refuses some.
    private func collect(
        _ batches: [UIDSet], headOnly: Bool
    ) async throws -> ([FetchedMessage], EmailAccessError?) {
        let messages = Mutex<[FetchedMessage]>([])
        var refusal: EmailAccessError?
        do {
            try await session.fetch(batches, headOnly: headOnly) { message in messages.withLock { $0.append(message) } }
        } catch let error as EmailAccessError {
            guard error.code == .refused || error.code == .temporarilyRefused else { throw error }
            refusal = error
        }
        return (messages.withLock { $0 }, refusal)
    }

    /// Does with taken messages what the mailbox says. Progress was written before: a mark that fails is made up for
    /// at the next reconciliation.
    private func mark(_ uids: UIDSet) async throws {
        guard !uids.isEmpty else { return }
        switch inbound.processed {
        case .none: break
        case .flag:
            try await session.store(uids, add: ["\\Seen"] + (state.takesKeywords ? [PullMailbox.keyword] : []))
        case .move: try await session.move(uids, to: inbound.processedFolder ?? "Done")
        case .delete: try await session.delete(uids)
        }
    }

    /// Compares the folder with what was taken, and makes up for marks that are missing: their messages are told of
    /// again, which core knows, and what it does not know it takes.
    func reconcile() async throws {
        let from = from.milliseconds
        // Servers search by days, and may count them otherwise than we: the first two are looked at one by one.
        let since = from - 86_400_000
        let all = try await session.uids(where: [.since(since)])
        var early = 0
        for day in [since, from] {
            let uids = try await session.uids(where: [.on(day)])
            for part in Self.parts(uids) {
                early += try await session.summaries(part).count { $0.internalDate < from - 1000 }
            }
        }
        let count = max(0, all.count - early)
        let waiting = all.ranges.reduce(0) {
            $0 + ($1.upperBound <= taken ? 0 : $1.clamped(to: taken + 1...(.max)).count)
        }
        var unmarked: [UInt32] = []
        if let lacking {
            let uids = try await session.uids(where: [.since(since), .upTo(max(1, taken))] + lacking)
            for part in Self.parts(uids) {
                let summaries = try await session.summaries(part)
                unmarked += summaries.filter { $0.internalDate >= from - 1000 && $0.uid <= taken }.map(\.uid)
            }
        }
        await held.states.counts(folder: count, taken: max(0, count - waiting - unmarked.count))
        guard !unmarked.isEmpty else { return }
        held.logger.info("messages that were taken lack their mark", metadata: ["count": "\(unmarked.count)"])
        try await take(UIDSet(unmarked), filter: { _ in true }, upTo: taken, advances: false)
        await held.states.counts(folder: count, taken: max(0, count - waiting))
    }

    /// How a message that was taken and shows it not is searched for; nil where nothing can show it.
    private var lacking: [ImapSearchTerm]? {
        switch inbound.processed {
        case .none: nil
        case .flag: state.takesKeywords ? [.lacks(PullMailbox.keyword)] : nil
        case .move: []
        case .delete: [.undeleted]
        }
    }

    /// Messages that nobody has read.
    func unread() async throws -> Int { try await session.unseen().count }

    /// So many UIDs at a time are asked for.
    private static func parts(_ uids: UIDSet) -> [UIDSet] {
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

    /// Two commands for a batch: while one is answered the other is on its way.
    private static func halves(_ messages: [MessageSummary]) -> [UIDSet] {
        let middle = messages.count / 2
        return [UIDSet(messages[..<middle].map(\.uid)), UIDSet(messages[middle...].map(\.uid))]
    }
}
