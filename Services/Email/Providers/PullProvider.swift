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
        while !Task.isCancelled {
            do {
                cursor = try await take(connection, handOver, after: cursor, from: from)
                try await held.states.unread(connection.unread())
                await held.states.note(.inbound, .connected)
                try await Task.sleep(for: .milliseconds(inbound.pollEvery))
            } catch is CursorLost {
                held.logger.notice("the provider has forgotten how far the mailbox was read; it is read again")
                cursor = nil
            }
        }
        throw CancellationError()
    }

    private func take(
        _ connection: any MailboxConnection, _ handOver: HandOverProvider, after cursor: String?, from: Instant
    ) async throws -> String {
        var seen: Set<String> = []
        let next = try await connection.changes(after: cursor, from: from) { ids in
            let fresh = ids.filter { seen.insert($0).inserted }
            var rest = fresh[...]
            while !rest.isEmpty {
                let batch = Array(rest.prefix(HandOverProvider.greatest))
                rest = rest.dropFirst(batch.count)
                let settled = try await held.dependencies.taking.use { try await handOver(batch, from: from) }
                try await settle(settled, connection)
            }
        }
        if next != cursor || !seen.isEmpty {
            _ = try await held.core.received([], progress: ["cursor": .string(next)])
        }
        return next
    }
}

extension PullProvider {
    /// Does with taken messages what the mailbox says. They are taken; a mark that the provider refuses for good must
    /// not keep others from it.
    private func settle(_ ids: [String], _ connection: any MailboxConnection) async throws {
        do {
            try await connection.settle(ids, inbound.processed, folder: inbound.processedFolder)
        } catch let error as EmailAccessError {
            guard error.code == .refused || error.code == .protocolViolation else { throw error }
            held.logger.warning("messages that were taken could not be marked", metadata: ["error": "\(error)"])
        }
    }
}
