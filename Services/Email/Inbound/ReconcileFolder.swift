import Domain
import EmailAccess

extension TakeMessages {
    /// Compares the folder with what was taken, and makes up for marks that are missing: their messages are told of
    /// again, which core knows, and what it does not know it takes.
    func reconcile() async throws {
        let from = from.milliseconds
        let since = from - Self.day
        let all = try await session.uids(where: [.since(since)])
        var early = 0
        // Of the first two days the messages are looked at one by one.
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
