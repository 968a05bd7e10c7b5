import Domain
import EmailAccess

extension TakeMessages {
    /// Compares the folder with what core has taken. What it has not taken is taken, and marks that are missing are made up
    /// for.
    /// - Parameter compared: when the comparison ended.
    func reconcile(_ compared: inout ContinuousClock.Instant?) async throws {
        let all = try await sinceBegin()
        let found = try await held.core.taken(all.uids.map { $0 }, of: handOver.place)
        compared = .now
        await held.states.counts(folder: all.count, taken: all.count - found.missing.count)
        if !found.missing.isEmpty { try await makeUp(for: UIDSet(found.missing), of: all) }
        if found.missing.isEmpty { await held.states.compared(folder: all.count, taken: all.count) }
        try await remark(all.subtracting(found.missing), incomplete: found.incomplete)
    }

    /// What the folder has got since mail is taken, as far as it was read.
    private func sinceBegin() async throws -> UIDSet {
        let from = from.milliseconds
        let since = from - Self.day
        let all = try await session.uids(where: [.since(since), .upTo(max(1, taken))])
        var early: Set<UInt32> = []
        // Of the first two days the messages are looked at one by one.
        for day in [since, from] {
            let uids = try await session.uids(where: [.on(day)])
            for part in Self.parts(uids) {
                early.formUnion(try await session.summaries(part).filter { $0.internalDate < from - 1000 }.map(\.uid))
            }
        }
        return all.subtracting(early).upTo(taken)
    }

    /// Takes messages that were passed over: a server may show them late, or bring them back.
    private func makeUp(for missing: UIDSet, of all: UIDSet) async throws {
        held.logger.notice(
            "messages of the folder were not taken, and are taken now", metadata: ["count": "\(missing.count)"])
        EmailMetrics.missed(missing.count, held.mailbox.labels)
        do {
            try await take(missing, filter: { _ in true }, upTo: taken, advances: false)
        } catch let error as EmailAccessError {
            guard Self.isRefusal(error) else { throw error }
            held.logger.warning("they could not all be taken", metadata: ["error": "\(error)"])
            held.troubles.beginRound()
        }
        // Those that somebody has removed meanwhile are not missed.
        var left = try await held.core.taken(missing.uids.map { $0 }, of: handOver.place).missing
        var gone = 0
        if !left.isEmpty {
            var there: Set<UInt32> = []
            for part in Self.parts(UIDSet(left)) { there.formUnion(try await session.uids(where: [.among(part)]).uids) }
            gone = left.subtracting(there).count
            left.formIntersection(there)
        }
        await held.states.compared(folder: all.count - gone, taken: all.count - gone - left.count)
    }

    /// Makes up for missing marks of messages that were taken.
    private func remark(_ known: UIDSet, incomplete: Set<UInt32>) async throws {
        guard let lacking, !known.isEmpty else { return }
        let terms: [ImapSearchTerm] = [.since(from.milliseconds - Self.day), .upTo(max(1, taken))] + lacking
        let unmarked = try await session.uids(where: terms).intersection(known)
        guard !unmarked.isEmpty else { return }
        held.logger.info("messages that were taken lack their mark", metadata: ["count": "\(unmarked.count)"])
        for part in Self.parts(unmarked) {
            try held.requireTrust()
            let incomplete = part.intersection(UIDSet(incomplete))
            try await mark(.init(whole: part.subtracting(incomplete.uids), incomplete: incomplete))
        }
    }

    /// How a message that was taken and shows it not is searched for; nil where nothing can show it.
    private var lacking: [ImapSearchTerm]? {
        switch inbound.processed {
        case .none: nil
        case .flag: state.takesKeywords ? [.lacks(PullMailbox.keyword)] : nil
        case .move: [keptBack]
        case .delete: [.undeleted, keptBack]
        }
    }

    /// What stays in the folder shows that it does.
    private var keptBack: ImapSearchTerm {
        state.takesKeywords ? .lacks(PullMailbox.incompleteKeyword) : .unflagged
    }

    /// Does with taken messages what the mailbox says. Progress was written before: a mark that fails is made up for
    /// at the next reconciliation, and keeps no mail from coming in. Of what is not kept whole the server has the only
    /// copy: it stays there.
    func mark(_ settled: HandOver.Settled) async throws {
        do {
            try await mark(whole: settled.whole)
            try await mark(incomplete: settled.incomplete)
            if !settled.isEmpty, inbound.processed != .none { await held.states.remark(.inbound, nil) }
        } catch let error as EmailAccessError {
            guard Self.isRefusal(error) else { throw error }
            held.logger.warning("messages that were taken could not be marked", metadata: ["error": "\(error)"])
            await held.states.remark(.inbound, "Messages that were taken cannot be marked: \(error.text)")
        }
    }

    /// Whether the session lives on.
    static func isRefusal(_ error: EmailAccessError) -> Bool {
        [.refused, .temporarilyRefused, .mailboxFull, .protocolViolation, .credentialsRefused].contains(error.code)
    }

    private func mark(whole uids: UIDSet) async throws {
        guard !uids.isEmpty else { return }
        switch inbound.processed {
        case .none: break
        case .flag:
            try await session.store(uids, add: ["\\Seen"] + (state.takesKeywords ? [PullMailbox.keyword] : []))
        case .move: try await session.move(uids, to: inbound.processedFolder ?? "Done")
        case .delete: try await session.delete(uids)
        }
    }

    private func mark(incomplete uids: UIDSet) async throws {
        guard !uids.isEmpty else { return }
        switch inbound.processed {
        case .none: break
        case .flag: try await mark(whole: uids)
        case .move, .delete:
            try await session.store(
                uids, add: ["\\Flagged"] + (state.takesKeywords ? [PullMailbox.incompleteKeyword] : []))
        }
    }
}
