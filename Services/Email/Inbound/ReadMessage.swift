import Crypto
import Domain
import EmailAccess
import EmailMessages
import Foundation
import ServiceKit

/// Reads one fetched message, stores its contents at core, and says what core is to be told of it.
///
/// A message that cannot be read is told of all the same, with its bytes and the reason.
struct ReadMessage: Sendable {
    let mailbox: MailboxAssignment
    let inbound: MailboxInbound
    let core: CoreClient
    let dependencies: EmailDependencies

    /// - Parameter failed: why only the head was fetched; nil when all of it was.
    func callAsFunction(
        _ message: FetchedMessage, size: Int, at place: ReceivedDocument.Place, failed: String? = nil
    ) async throws -> JSONValue {
        let folder = try dependencies.workFolder()
        let path = try await file(of: message.body, in: folder)
        let digest = try await Self.digest(path, dependencies.threads)
        let received = Instant(milliseconds: message.internalDate > 0 ? message.internalDate : Instant.now.milliseconds)
        var document = ReceivedDocument.head(place, raw: digest, size: size, receivedAt: received)
        var contents = [content(path, message.body.size, digest, "message/rfc822")]
        do throws(EmailMessageError) {
            let read = try await EmailReader(threads: dependencies.threads).read(path: path, into: folder.path)
            let rules = AttachmentRules(inbound)
            let taken = failed == nil ? read.attachments.filter { rules.takes(name: $0.name, type: $0.type) } : []
            EmailMetrics.blocked(failed == nil ? read.attachments.count - taken.count : 0, mailbox.labels)
            ReceivedDocument.add(read, attachments: Array(taken.prefix(EmailLimits.attachments)), to: &document)
            func content(_ file: MessageFile, _ type: String) -> Content {
                self.content("\(folder.path)/\(file.file)", file.size, file.sha256, type)
            }
            if let html = read.html { contents.append(content(html, "text/html; charset=utf-8")) }
            contents += taken.map { content($0.content, $0.type) }
        } catch {
            // The disk is ours to mend; anything else is the message's own.
            guard !error.isRetryable else { throw error }
            document["failed"] = .string("The message cannot be read: \(error.message)")
        }
        if let failed { document["failed"] = .string(failed) }
        if document["failed"] != nil { EmailMetrics.failed(mailbox.labels) }
        var stored: Set<String> = []
        for content in contents where stored.insert(content.body.sha256).inserted {
            try await core.put(content.body, type: content.type)
        }
        EmailMetrics.size(size, mailbox.labels)
        return .object(document)
    }

    private struct Content {
        let body: ContentBody
        let type: String
    }

    private func content(_ path: String, _ size: Int, _ sha256: String, _ type: String) -> Content {
        Content(body: ContentBody(path: path, size: size, sha256: sha256, threads: dependencies.threads), type: type)
    }

    /// What is told of a message that core refuses as it is: where it lies, its bytes, and why.
    static func bare(_ document: JSONValue, because reason: String) -> JSONValue {
        var bare = JSONObject()
        for name in ["key", "raw", "size", "receivedAt"] { bare[name] = document[name] }
        bare["failed"] = .string("Core refuses what the message says: \(reason)".cut(toBytes: 1000))
        return .object(bare)
    }

    /// The message as a file.
    private func file(of body: MailBody, in folder: WorkFolder) async throws -> String {
        switch body {
        case .file(let file): return file.path
        case .bytes(let bytes):
            let path = "\(folder.path)/raw"
            try await dependencies.threads.run { () throws(EmailMessageError) in
                guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
                    throw EmailMessageError(.file, "A message in hand cannot be written to \(path).")
                }
            }
            return path
        }
    }

    private static func digest(_ path: String, _ threads: MessageThreads) async throws -> String {
        var hash = SHA256()
        var offset = 0
        while true {
            let piece = try await FilePiece(path: path, offset: offset).read(on: threads)
            guard piece.readableBytes > 0 else { break }
            offset += piece.readableBytes
            hash.update(data: piece.readableBytesView)
        }
        return EmailAttachment.hexadecimal(hash.finalize())
    }
}
