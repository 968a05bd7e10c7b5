import Domain
import EmailAccess
import ServiceKit

extension HandOverProvider {
    /// Takes messages, some at a time, and does with them what the mailbox says.
    /// - Returns: those that are taken, and those that came before mail is taken.
    func take(_ ids: [String], from: Instant) async throws -> [String] {
        var done: [String] = []
        var rest = ids[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.greatest))
            rest = rest.dropFirst(batch.count)
            let settled = try await held.dependencies.taking.use { turn in try await self(batch, from: from, turn) }
            try await mark(settled)
            held.providerTroubles.took(settled.ids)
            done += settled.ids + settled.early
            note(settled.early)
        }
        return done
    }

    /// What came before mail is taken need not be fetched again to see that.
    private func note(_ ids: [String]) {
        held.early.withLock { early in if early.count < Self.greatestEarly { early.formUnion(ids) } }
    }

    /// So many are remembered: they are those of one second.
    private static let greatestEarly = 10_000

    /// Does with taken messages what the mailbox says. They are taken; a mark that the provider refuses must not keep others
    /// from it, and is made up for when the folder is compared with what was taken. Of what is not kept whole the provider
    /// has the only copy: it stays where it is.
    func mark(_ settled: Settled) async throws {
        let inbound = held.inbound
        guard inbound.processed != .none else { return }
        do {
            if !settled.whole.isEmpty {
                try await connection.settle(settled.whole, inbound.processed, folder: inbound.processedFolder)
            }
            if !settled.incomplete.isEmpty { try await connection.settle(settled.incomplete, .flag, folder: nil) }
            if !settled.ids.isEmpty { await held.states.remark(.inbound, nil) }
        } catch let error as EmailAccessError {
            guard Self.isRefusal(error) else { throw error }
            held.logger.warning("messages that were taken could not be marked", metadata: ["error": "\(error)"])
            await held.states.remark(.inbound, "Messages that were taken cannot be marked: \(error.text)")
        }
    }

    /// Whether the provider answers, and says no.
    static func isRefusal(_ error: EmailAccessError) -> Bool {
        [.refused, .protocolViolation, .temporarilyRefused, .mailboxFull].contains(error.code)
    }
}
