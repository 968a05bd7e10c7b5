import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Fetches one message once more from where it lies, on a connection of its own that changes nothing.
struct FetchAgain: Sendable {
    let mailbox: MailboxAssignment
    let inbound: MailboxInbound
    let dependencies: EmailDependencies

    /// What is known of the message. A server that was restored gives UIDs a second time, under the same UIDVALIDITY: what
    /// does not fit is another message.
    struct Known: Sendable {
        /// Its bytes; 0 when nobody knows.
        let size: Int
        /// When the mailbox got it.
        let receivedAt: Instant
        /// How it begins: what was kept of it.
        let head: MailBody
    }

    /// - Parameters:
    ///   - place: the message's key.
    ///   - path: a file to make.
    /// - Returns: nil when the message is not there.
    func callAsFunction(_ place: JSONValue, _ known: Known, to path: String) async throws -> MailBody? {
        let size = known.size
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
            let body = try await fetch(uid, of: folder, place["uidValidity"]?.integerValue, known, session)
            await session.close()
            return body
        } catch {
            await session.close()
            throw error
        }
    }

    private func fetch(
        _ uid: UInt32, of folder: String, _ validity: Int64?, _ known: Known, _ session: ImapSession
    ) async throws -> MailBody? {
        let state = try await session.select(folder, readOnly: true)
        guard Int64(state.uidValidity) == validity,
            let summary = try await session.summaries(UIDSet([uid])).first, summary.size == known.size,
            known.isDated(summary.internalDate)
        else { return nil }
        let fetch = FetchMessages(
            session: session, troubles: FetchTroubles(), greatest: inbound.greatestMessage)
        let found = try await fetch(MessageBatches.Batch(whole: [summary]))
        guard found.postponed == nil else {
            throw EmailAccessError(.refused, "The mail server does not give the message out.")
        }
        guard let body = found.items.first?.message.body, try known.isBeginning(of: body) else { return nil }
        return body
    }

    /// Core asks again after 30 s.
    private static let patience: MailPatience = {
        var patience = MailPatience()
        patience.connecting = .seconds(10)
        patience.window = .seconds(10)
        return patience
    }()
}

extension FetchAgain.Known {
    /// Whether it is the date that the message had. IMAP's have no fractions of a second, and some servers tell none.
    func isDated(_ internalDate: Int64) -> Bool {
        guard internalDate > 0 else { return true }
        return abs(ReadMessage.received(internalDate).milliseconds - receivedAt.milliseconds) < 1000
    }

    /// Whether what was kept stands at the beginning of what was fetched.
    func isBeginning(of body: MailBody) throws(EmailAccessError) -> Bool {
        guard head.size <= body.size else { return false }
        var offset = 0
        while offset < head.size {
            let kept = try head.piece(at: offset)
            let fetched = try body.piece(at: offset, atMost: kept.count)
            guard !kept.isEmpty, kept == fetched else { return false }
            offset += kept.count
        }
        return true
    }
}
