import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Fetches one message once more from where it lies, on a connection of its own that changes nothing.
struct FetchAgain: Sendable {
    let mailbox: MailboxAssignment
    let inbound: MailboxInbound
    let dependencies: EmailDependencies

    /// - Parameters:
    ///   - place: the message's key.
    ///   - size: its bytes; 0 when nobody knows. Another size is another message.
    ///   - path: a file to make.
    /// - Returns: nil when the message is not there, or too large to be taken.
    func callAsFunction(_ place: JSONValue, size: Int, to path: String) async throws -> MailBody? {
        guard size <= inbound.greatestMessage else {
            throw MailboxProblem("The mailbox takes messages of \(inbound.greatestMessage) bytes at most.")
        }
        if let interface = inbound.api {
            guard let id = place["id"]?.stringValue else { return nil }
            let connection = try dependencies.connection(to: interface, of: mailbox, folder: inbound.folder)
            guard
                let message = try await connection.download(id, to: path, greatest: inbound.greatestMessage),
                !message.isHeadOnly
            else { return nil }
            return .file(try SpooledFile(existing: path))
        }
        guard let folder = place["folder"]?.stringValue, let uid = ReceivedDocument.uid(["key": place]),
            let server = inbound.server, let credentials = inbound.credentials
        else { return nil }
        let session = try await ImapSession.open(
            dependencies.server(server), try await dependencies.credentials(credentials, of: mailbox),
            patience: Self.patience, spool: dependencies.spool)
        do {
            let body = try await fetch(uid, of: folder, place["uidValidity"]?.integerValue, size: size, session)
            await session.close()
            return body
        } catch {
            await session.close()
            throw error
        }
    }

    private func fetch(
        _ uid: UInt32, of folder: String, _ validity: Int64?, size: Int, _ session: ImapSession
    ) async throws -> MailBody? {
        let state = try await session.select(folder, readOnly: true)
        guard Int64(state.uidValidity) == validity,
            let summary = try await session.summaries(UIDSet([uid])).first, summary.size == size
        else { return nil }
        let fetch = FetchMessages(
            session: session, troubles: FetchTroubles(), greatest: inbound.greatestMessage)
        let found = try await fetch(MessageBatches.Batch(whole: [summary]))
        guard found.postponed == nil else {
            throw EmailAccessError(.refused, "The mail server does not give the message out.")
        }
        return found.items.first?.message.body
    }

    /// Core asks again after 30 s.
    private static let patience: MailPatience = {
        var patience = MailPatience()
        patience.connecting = .seconds(10)
        patience.window = .seconds(10)
        return patience
    }()
}
