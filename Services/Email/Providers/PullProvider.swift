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
        let compare = CompareFolder(connection: connection, handOver: handOver, held: held, from: from)
        var since = from
        while !Task.isCancelled {
            do {
                cursor = try await take(handOver, after: cursor, from: from, since: since)
                try await held.states.unread(connection.unread())
                await held.states.note(.inbound, .connected)
                if held.looks.isDue() {
                    try await compare { cursor = try await take(handOver, after: cursor, from: from, since: since) }
                }
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
        _ handOver: HandOverProvider, after cursor: String?, from: Instant, since: Instant
    ) async throws -> String {
        let troubles = held.providerTroubles
        troubles.beginRound()
        var seen: Set<String> = []
        let next = try await handOver.connection.changes(after: cursor, from: since) { ids in
            var fresh = ids.filter { seen.insert($0).inserted && !troubles.isAhead($0) }
            // A folder that is read anew holds much that was taken: that is not fetched.
            if cursor == nil, !fresh.isEmpty {
                let missing = try await held.core.taken(fresh).missing
                fresh.removeAll { !missing.contains($0) }
            }
            _ = try await handOver.take(fresh, from: from)
        }
        try troubles.endRound()
        if next != cursor || !seen.isEmpty {
            _ = try await held.core.received([], progress: ["cursor": .string(next)])
        }
        return next
    }
}
