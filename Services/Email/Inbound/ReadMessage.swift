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
        let (path, digest, source) = try await file(of: message.body, in: folder)
        let received = Self.received(message.internalDate)
        var document = ReceivedDocument.head(place, raw: digest, size: size, receivedAt: received)
        var contents = [Content(body: ContentBody(source: source, sha256: digest), type: "message/rfc822")]
        do throws(EmailMessageError) {
            let read = try await EmailReader(threads: dependencies.threads).read(path: path, into: folder.path)
            let rules = AttachmentRules(inbound)
            let taken = failed == nil ? read.attachments.filter { rules.takes(name: $0.name, type: $0.type) } : []
            EmailMetrics.blocked(failed == nil ? read.attachments.count - taken.count : 0, mailbox.labels)
            ReceivedDocument.add(read, attachments: Array(taken.prefix(EmailLimits.attachments)), to: &document)
            func content(_ file: MessageFile, _ type: String) -> Content {
                let source = ContentBody.Source.file(
                    path: "\(folder.path)/\(file.file)", size: file.size, dependencies.threads)
                return Content(body: ContentBody(source: source, sha256: file.sha256), type: type)
            }
            if let html = read.html { contents.append(content(html, "text/html; charset=utf-8")) }
            contents += taken.map { content($0.content, $0.type) }
        } catch {
            // The disk is ours to mend; anything else is the message's own.
            guard !error.isRetryable else { throw error }
            document["failed"] = .string("The message cannot be read: \(error.message)")
        }
        if let failed {
            document["failed"] = .string(failed)
            document["whole"] = false
        }
        let told = try await store(contents, of: document)
        if told["failed"] != nil { EmailMetrics.failed(mailbox.labels) }
        EmailMetrics.size(size, mailbox.labels)
        return .object(told)
    }

    /// Stores the contents of a message.
    /// - Returns: what core is told: without what it does not take.
    private func store(_ contents: [Content], of document: JSONObject) async throws -> JSONObject {
        var stored: Set<String> = []
        for content in contents where stored.insert(content.body.sha256).inserted {
            do {
                try await core.put(content.body, type: content.type)
            } catch let error as CoreError {
                guard error.isAboutContent else { throw error }
                var bare = Self.bare(.object(document), because: error.description).objectValue ?? document
                // Its parts are within the message as it came, which is the first.
                guard stored.count == 1 else { return bare }
                let nothing = ContentBody(
                    source: .bytes([]), sha256: EmailAttachment.hexadecimal(SHA256.hash(data: [UInt8]())))
                try await core.put(nothing, type: content.type)
                bare["raw"] = .string(nothing.sha256)
                bare["whole"] = false
                return bare
            }
        }
        return document
    }

    /// When the mailbox got it, as core takes it: servers give messages without a date that of 1970, and what was brought
    /// over from elsewhere any other.
    static func received(_ internalDate: Int64) -> Instant {
        guard internalDate > 0 else { return .now }
        let dates = WorkItemLimits.dates
        let last = Instant(milliseconds: dates.upperBound.milliseconds - 1)
        return min(max(Instant(milliseconds: internalDate), dates.lowerBound), last)
    }

    private struct Content {
        let body: ContentBody
        let type: String
    }

    /// What is told of a message that core refuses as it is: where it lies, its bytes, and why.
    static func bare(_ document: JSONValue, because reason: String) -> JSONValue {
        var bare = JSONObject()
        for name in ["key", "raw", "size", "receivedAt", "whole"] { bare[name] = document[name] }
        bare["failed"] = .string("Core refuses what the message says: \(reason)".cut(toBytes: 1000))
        return .object(bare)
    }

    /// The message as a file, its digest, and its bytes as they are sent.
    private func file(
        of body: MailBody, in folder: WorkFolder
    ) async throws -> (path: String, digest: String, source: ContentBody.Source) {
        let threads = dependencies.threads
        switch body {
        case .file(let file):
            let digest = try await Self.digest(file.path, threads)
            return (file.path, digest, .file(path: file.path, size: file.size, threads))
        case .bytes(let bytes):
            let path = folder.raw
            let digest = try await threads.run { () throws(EmailMessageError) -> String in
                try Self.write(bytes, to: path)
                return EmailAttachment.hexadecimal(SHA256.hash(data: bytes))
            }
            return (path, digest, .bytes(bytes))
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(EmailMessageError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw EmailMessageError(.file, "A message in hand cannot be written to \(path).")
        }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw EmailMessageError(.file, "A message in hand cannot be written to \(path).") }
            offset += count
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
