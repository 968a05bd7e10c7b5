import Domain
import EmailAccess
import Synchronization

/// Fetches the messages of a batch. One that the server does not give out, however often it is asked, is told of all the
/// same, without anything in it, so that it stops no other.
struct FetchMessages {
    let session: ImapSession
    let troubles: FetchTroubles<UInt32>
    /// Bytes of a message at most.
    let greatest: Int

    /// What came of a batch.
    struct Fetched: Sendable {
        let items: [HandOver.Item]
        /// The lowest UID that is asked for again later.
        let postponed: UInt32?
    }

    /// - Throws: what ends the connection, and what concerns the server rather than messages.
    func callAsFunction(_ batch: MessageBatches.Batch) async throws -> Fetched {
        let whole = try await fetch(batch.whole, headOnly: false) { _ in nil }
        let greatest = greatest
        let heads = try await fetch(batch.heads, headOnly: true) { summary in
            "The message has \(summary.size) bytes; the mailbox takes \(greatest) at most. Only its head was kept."
        }
        return Fetched(
            items: (whole.items + heads.items).sorted { $0.message.uid < $1.message.uid },
            postponed: [whole.postponed, heads.postponed].compactMap { $0 }.min())
    }

    private func fetch(
        _ summaries: [MessageSummary], headOnly: Bool, failed: @Sendable (MessageSummary) -> String?
    ) async throws -> Fetched {
        guard !summaries.isEmpty else { return Fetched(items: [], postponed: nil) }
        let known = Dictionary(summaries.map { ($0.uid, $0) }, uniquingKeysWith: { $1 })
        var items: [UInt32: HandOver.Item] = [:]
        var given: [UInt32] = []
        func take(_ messages: [FetchedMessage]) {
            for message in messages {
                guard let summary = known[message.uid] else { continue }
                // Nothing in the place of a message is no message: it is listed with its size.
                if message.body.size == 0, summary.size > 0, !headOnly { continue }
                items[message.uid] = HandOver.Item(message: message, size: summary.size, failed: failed(summary))
                given.append(message.uid)
            }
        }
        func giveUp(_ summary: MessageSummary, _ reason: String) {
            let message = FetchedMessage(
                uid: summary.uid, internalDate: summary.internalDate, flags: summary.flags, body: .bytes([]))
            items[summary.uid] = HandOver.Item(
                message: message, size: summary.size, failed: "The mail server does not give the message out. \(reason)"
            )
        }
        let others = summaries.filter { !troubles.isSuspect($0.uid) }
        let (first, _) = try await troubles.watching(others.map(\.uid)) {
            try await collect(Self.halves(others), headOnly: headOnly)
        }
        take(first)
        for summary in summaries where troubles.isGivenUp(summary.uid) {
            giveUp(summary, "It was asked for it again and again.")
        }
        var postponed: UInt32?
        for summary in try await there(summaries.filter { items[$0.uid] == nil }) {
            let uid = summary.uid
            let (found, refusal) = try await troubles.watching([uid]) {
                try await collect([UIDSet([uid])], headOnly: headOnly)
            }
            take(found)
            guard items[uid] == nil else { continue }
            let error = refusal ?? EmailAccessError(.refused, "It says nothing of it.")
            troubles.note(error, of: [uid])
            // What others were given out meanwhile tells whether the server is to blame.
            troubles.given(given)
            if troubles.isGivenUp(uid) {
                giveUp(summary, error.text)
            } else {
                try troubles.postpone(because: error)
                postponed = min(postponed ?? uid, uid)
            }
        }
        troubles.given(given)
        return Fetched(items: Array(items.values), postponed: postponed)
    }

    /// Those that somebody has removed meanwhile are not missed.
    private func there(_ missing: [MessageSummary]) async throws -> [MessageSummary] {
        guard !missing.isEmpty else { return [] }
        let left = Set(try await session.uids(where: [.among(UIDSet(missing.map(\.uid)))]).uids)
        return missing.filter { left.contains($0.uid) }
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
            guard [.refused, .temporarilyRefused, .mailboxFull].contains(error.code) else { throw error }
            refusal = error
        }
        return (messages.withLock { $0 }, refusal)
    }

    /// Two commands for a batch: while one is answered the other is on its way.
    private static func halves(_ messages: [MessageSummary]) -> [UIDSet] {
        let middle = messages.count / 2
        return [UIDSet(messages[..<middle].map(\.uid)), UIDSet(messages[middle...].map(\.uid))]
    }
}
