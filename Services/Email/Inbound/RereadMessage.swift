import Domain
import EmailAccess
import EmailMessages
import Foundation
import ServiceKit

/// Reads the bytes that core keeps of a message once more, as a person has asked, and tells what stands in them. Of one that
/// was not kept whole the mail server is asked first.
struct RereadMessage: Sendable {
    let mailbox: MailboxAssignment
    let client: CoreClient
    let dependencies: EmailDependencies

    /// Which message, as core says.
    struct Wanted: Sendable {
        let id: String
        let mailbox: String
        let raw: String
        /// Bytes of the whole message, whatever of it was kept.
        let size: Int
        let receivedAt: Instant
        /// Where it lies at the mail server, when it was not kept whole.
        let place: JSONValue?

        init?(_ value: JSONValue) {
            guard let id = value["id"]?.stringValue, let mailbox = value["mailbox"]?.stringValue,
                let raw = value["raw"]?.stringValue, let size = value["size"]?.integerValue,
                let receivedAt = value["receivedAt"]?.stringValue.flatMap({ Instant(rfc3339: $0) })
            else { return nil }
            (self.id, self.mailbox, self.raw, self.size) = (id, mailbox, raw, Int(size))
            self.receivedAt = receivedAt
            place = value["place"]
        }
    }

    func callAsFunction(_ wanted: Wanted) async throws {
        guard let inbound = mailbox.settings.inbound else {
            throw MailboxProblem("The mailbox no longer takes messages in.")
        }
        let folder = try dependencies.workFolder()
        let path = "\(folder.path)/kept"
        let file = try OutputPieces(path: path, threads: dependencies.threads)
        try await client.content(wanted.raw) { try await file.write($0) }
        let body = MailBody.file(try SpooledFile(existing: path))
        var missing: String?
        if let place = wanted.place {
            do {
                let known = FetchAgain.Known(size: wanted.size, receivedAt: wanted.receivedAt, head: body)
                if let body = try await FetchAgain(mailbox: mailbox, inbound: inbound, dependencies: dependencies)(
                    place, known, to: "\(folder.path)/whole")
                {
                    return try await tell(wanted, body, failed: nil, inbound)
                }
                missing = "It is no longer where it was."
            } catch let error as EmailAccessError {
                missing = error.text
            } catch let error as MailboxProblem {
                missing = error.description
            }
        }
        let failed =
            body.size < wanted.size || wanted.place != nil
            ? "Of the message's \(wanted.size) bytes only \(body.size) were kept; nothing else can be read. "
                + (missing ?? "")
            : nil
        try await tell(wanted, body, failed: failed?.trimmingCharacters(in: .whitespaces), inbound)
    }

    private func tell(
        _ wanted: Wanted, _ body: MailBody, failed: String?, _ inbound: MailboxInbound
    ) async throws {
        let message = FetchedMessage(
            uid: 0, internalDate: wanted.receivedAt.milliseconds, flags: [], body: body)
        let read = ReadMessage(mailbox: mailbox, inbound: inbound, core: client, dependencies: dependencies)
        let document = try await read(
            message, size: failed == nil ? body.size : wanted.size,
            at: .init(folder: inbound.folder, uidValidity: 0, uid: 0), failed: failed)
        guard var members = document.objectValue else { return }
        members["key"] = ["id": .string(wanted.id)]
        _ = try await client.call(.POST, "/emails/\(wanted.id)/read", ["message": .object(members)])
    }
}
