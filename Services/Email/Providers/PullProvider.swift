import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Takes the messages of a provider's mailbox, from where its last holder stopped, for as long as the mailbox is held.
///
/// How far it has come is a cursor of the provider's, which core keeps and which is written only when everything before
/// it was taken. What is told of twice core knows by its Message-ID and by the provider's id.
struct PullProvider: Sendable {
    let held: HeldInbound
    private var inbound: MailboxInbound { held.inbound }

    /// Until something goes wrong or the task is cancelled.
    func run() async throws {
        guard let interface = inbound.api else {
            throw MailboxProblem("The mailbox has no interface to be read by.")
        }
        await held.states.note(.inbound, .connecting)
        let connection = try held.dependencies.connection(to: interface, of: held.mailbox, folder: inbound.folder)
        try await connection.check()
        var (cursor, from) = try await held.core.cursor()
        await held.states.note(.inbound, .connected)
        let handOver = HandOverProvider(connection: connection, held: held)
        var since = from
        while !Task.isCancelled {
            do {
                cursor = try await take(connection, handOver, after: cursor, from: from, since: since)
                try await held.states.unread(connection.unread())
                await held.states.note(.inbound, .connected)
                try await Task.sleep(for: .milliseconds(inbound.pollEvery))
            } catch let lost as CursorLost {
                held.logger.notice("the provider has forgotten how far the mailbox was read; it is read again")
                cursor = nil
                since = max(from, lost.back ?? from)
            }
        }
        throw CancellationError()
    }

    private func take(
        _ connection: any MailboxConnection, _ handOver: HandOverProvider, after cursor: String?, from: Instant,
        since: Instant
    ) async throws -> String {
        let troubles = held.providerTroubles
        troubles.beginRound()
        var seen: Set<String> = []
        let next = try await connection.changes(after: cursor, from: since) { ids in
            let fresh = ids.filter { seen.insert($0).inserted && !troubles.isAhead($0) }
            var rest = fresh[...]
            while !rest.isEmpty {
                let batch = Array(rest.prefix(HandOverProvider.greatest))
                rest = rest.dropFirst(batch.count)
                let settled = try await held.dependencies.taking.use { try await handOver(batch, from: from) }
                try await settle(settled, connection)
                troubles.took(settled.ids)
            }
        }
        try troubles.endRound()
        if next != cursor || !seen.isEmpty {
            _ = try await held.core.received([], progress: ["cursor": .string(next)])
        }
        return next
    }
}

extension PullProvider {
    /// Does with taken messages what the mailbox says. They are taken; a mark that the provider refuses must not keep
    /// others from it. Of what is not kept whole the provider has the only copy: it stays where it is.
    private func settle(_ settled: HandOverProvider.Settled, _ connection: any MailboxConnection) async throws {
        do {
            if !settled.whole.isEmpty {
                try await connection.settle(settled.whole, inbound.processed, folder: inbound.processedFolder)
            }
            if !settled.incomplete.isEmpty, inbound.processed != .none {
                try await connection.settle(settled.incomplete, .flag, folder: nil)
            }
            if !settled.ids.isEmpty { await held.states.remark(.inbound, nil) }
        } catch let error as EmailAccessError {
            guard [.refused, .protocolViolation, .temporarilyRefused, .mailboxFull].contains(error.code) else {
                throw error
            }
            held.logger.warning("messages that were taken could not be marked", metadata: ["error": "\(error)"])
            await held.states.remark(.inbound, "Messages that were taken cannot be marked: \(error.text)")
        }
    }
}
