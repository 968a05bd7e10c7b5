import Domain
import EmailAccess
import Foundation
import Logging
import ServiceKit

/// Takes the messages of a provider's mailbox, from where its last holder stopped, for as long as the mailbox is held.
///
/// How far it has come is a cursor of the provider's, which core keeps and which is written only when everything before
/// it was taken. What is told of twice core knows by its Message-ID and by the provider's id.
struct PullProvider: Sendable {
    let mailbox: MailboxAssignment
    let inbound: MailboxInbound
    let core: CoreMailbox
    let client: CoreClient
    let dependencies: EmailDependencies
    let states: MailboxStates
    let requireTrust: @Sendable () throws -> Void
    let logger: Logger

    /// Until something goes wrong or the task is cancelled.
    func run() async throws {
        guard let interface = inbound.api else {
            throw MailboxProblem("The mailbox has no interface to be read by.")
        }
        await states.note(.inbound, .connecting)
        let connection = try dependencies.connection(to: interface, of: mailbox, folder: inbound.folder)
        try await connection.check()
        var (cursor, from) = try await core.cursor()
        await states.note(.inbound, .connected)
        let handOver = HandOverProvider(
            connection: connection, inbound: inbound, core: core, requireTrust: requireTrust,
            read: ReadMessage(mailbox: mailbox, inbound: inbound, core: client, dependencies: dependencies))
        while !Task.isCancelled {
            do {
                cursor = try await take(connection, handOver, after: cursor, from: from)
                try await states.unread(connection.unread())
                await states.note(.inbound, .connected)
                try await Task.sleep(for: .milliseconds(inbound.pollEvery))
            } catch is CursorLost {
                logger.notice("the provider has forgotten how far the mailbox was read; it is read again")
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
                let settled = try await dependencies.taking.use { try await handOver(batch, from: from) }
                try await settle(settled, connection)
            }
        }
        if next != cursor || !seen.isEmpty { _ = try await core.received([], cursor: next) }
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
            logger.warning("messages that were taken could not be marked", metadata: ["error": "\(error)"])
        }
    }
}

extension CoreMailbox {
    /// How far a provider's mailbox has been read, and from when on mail is taken.
    func cursor() async throws -> (cursor: String?, from: Instant) {
        let answer = try await core.call(.GET, "/mailboxes/\(name)/progress?term=\(term)")
        guard let from = answer["from"]?.stringValue.flatMap({ Instant(rfc3339: $0) }) else {
            throw CoreError(code: .refused, status: 200, description: "core does not say from when on mail is taken")
        }
        return (answer["cursor"]?.stringValue, from)
    }

    /// Hands messages of a provider over.
    /// - Returns: what became of each, by the provider's id.
    func received(_ messages: [JSONValue], cursor: String?) async throws -> [(id: String, kind: String)] {
        var body: JSONObject = ["term": .integer(term), "messages": .array(messages)]
        if let cursor { body["progress"] = ["cursor": .string(cursor)] }
        let answer = try await core.call(
            .POST, "/mailboxes/\(name)/received", .object(body), timeout: .seconds(60))
        return (answer["outcomes"]?.arrayValue ?? []).compactMap { outcome in
            guard let id = outcome["key"]?["id"]?.stringValue, let kind = outcome["outcome"]?.stringValue else {
                return nil
            }
            return (id, kind)
        }
    }
}
