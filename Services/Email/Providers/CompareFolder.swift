import Domain
import EmailAccess
import ServiceKit

/// Compares a provider's folder with what core has taken. What it has not taken is taken, such as mail that a person has moved
/// there and of which the provider has not told; marks that are missing are made up for.
struct CompareFolder: Sendable {
    let connection: any MailboxConnection
    let handOver: HandOverProvider
    let held: HeldInbound
    /// From when on mail is taken.
    let from: Instant

    /// So many messages are made up for in one look; others in the next one.
    private static let greatest = 1000

    /// What lies there.
    private struct Found {
        var count = 0
        var missing = 0
        /// Some of those that were not taken.
        var some: [String] = []
        /// Some of those that were taken and do not show it.
        var unmarked = HandOverProvider.Settled()
    }

    /// - Parameter takeNew: takes what has come since the last time.
    /// - Throws: what ends the connection.
    func callAsFunction(_ takeNew: () async throws -> Void) async throws {
        let begin = ContinuousClock.now
        var compared: ContinuousClock.Instant?
        do {
            var found = try await look()
            compared = .now
            if found.missing > 0, try await makeUp(&found, takeNew) { return }
            if found.missing == 0 { await held.states.compared(folder: found.count, taken: found.count) }
            if !found.unmarked.ids.isEmpty {
                held.logger.info(
                    "messages that were taken lack their mark", metadata: ["count": "\(found.unmarked.ids.count)"])
                try await mark(found.unmarked, takeNew)
            }
        } catch let error as EmailAccessError {
            guard HandOverProvider.isRefusal(error) else { throw error }
            held.logger.warning(
                "the folder could not be compared with what was taken", metadata: ["error": "\(error)"])
        }
        held.looks.looked(from: begin, until: compared ?? .now)
    }

    /// A few at a time: new mail does not wait for marks, and nothing is moved any more once the lease is lost.
    private func mark(_ settled: HandOverProvider.Settled, _ takeNew: () async throws -> Void) async throws {
        let all = settled.whole.map { ($0, true) } + settled.incomplete.map { ($0, false) }
        for start in stride(from: 0, to: all.count, by: HandOverProvider.greatest) {
            try held.requireTrust()
            let some = all[start..<min(all.count, start + HandOverProvider.greatest)]
            try await handOver.mark(
                .init(whole: some.filter(\.1).map(\.0), incomplete: some.filter { !$0.1 }.map(\.0)))
            try await takeNew()
        }
    }

    private func look() async throws -> Found {
        var found = Found()
        let marks = held.inbound.processed != .none
        try await connection.contents(since: from) { entries in
            let early = held.early.withLock { $0 }
            let entries = entries.filter {
                !HandOverProvider.isEarly($0.receivedAt, from: from) && !early.contains($0.id)
            }
            guard !entries.isEmpty else { return }
            let taken = try await held.core.taken(entries.map(\.id))
            found.count += entries.count
            found.missing += taken.missing.count
            for entry in entries {
                if taken.missing.contains(entry.id) {
                    if found.some.count < Self.greatest { found.some.append(entry.id) }
                } else if marks, !entry.isMarked, found.unmarked.ids.count < Self.greatest {
                    if taken.incomplete.contains(entry.id) {
                        found.unmarked.incomplete.append(entry.id)
                    } else {
                        found.unmarked.whole.append(entry.id)
                    }
                }
            }
        }
        return found
    }

    /// - Returns: whether some were taken, and there are more that were not asked for: the next look follows at once.
    private func makeUp(_ found: inout Found, _ takeNew: () async throws -> Void) async throws -> Bool {
        // What has come while the folder was looked at is told of in the ordinary way.
        try await takeNew()
        let missing = try await held.core.taken(found.some).missing
        let ids = found.some.filter { missing.contains($0) }
        found.missing -= found.some.count - ids.count
        guard found.missing > 0 else { return false }
        let hasMore = found.missing > ids.count
        await held.states.counts(folder: found.count, taken: found.count - found.missing)
        held.logger.notice(
            "messages of the folder were not taken, and are taken now", metadata: ["count": "\(found.missing)"])
        EmailMetrics.missed(ids.count, held.mailbox.labels)
        var done: [String] = []
        do {
            held.providerTroubles.beginRound()
            done = try await handOver.take(ids, from: from)
        } catch let error as EmailAccessError {
            guard HandOverProvider.isRefusal(error) else { throw error }
            held.logger.warning("they could not all be taken", metadata: ["error": "\(error)"])
        }
        held.providerTroubles.beginRound()
        let left = try await held.core.taken(ids).missing.subtracting(done)
        // What came before is not to be taken.
        let taken = try await held.core.taken(done).missing
        found.count -= taken.count
        found.missing = found.missing - ids.count + left.count
        if hasMore, !done.isEmpty { return true }
        if found.missing > 0 {
            await held.states.compared(folder: found.count, taken: found.count - found.missing)
        }
        return false
    }
}
