import EmailAccess
import EmailMessages

extension SendQueue {
    /// Fetches the attachments and writes the message; what is too large for one request of the provider is left out of
    /// it and listed.
    func compose(_ email: OutboundEmail, in folder: WorkFolder) async throws -> ComposedEmail {
        for attachment in email.attachments {
            let path = "\(folder.path)/\(attachment.sha256)"
            guard attachment.sha256.utf8.count == 64, attachment.sha256.allSatisfy(\.isHexDigit) else {
                throw EmailMessageError(.invalidValue, "An attachment is named by something else than its digest.")
            }
            let file = try OutputPieces(path: path, threads: dependencies.threads)
            try await client.content(attachment.sha256) { try await file.write($0) }
        }
        var outgoing = email.outgoing(folder: folder.path, at: .now)
        // A provider has no envelope: it reads there whom a message goes to, and takes them out.
        outgoing.writesBcc = mailbox.settings.kind != .generic
        let whole = try await write(outgoing, in: folder)
        var composed = ComposedEmail(messageId: email.messageId, size: whole.size, body: .file(whole), folder: folder)
        guard let greatest = sender.greatestWhole, whole.size > greatest else { return composed }
        let contents = try outgoing.attachments.map { try SpooledFile(existing: $0.path) }
        let chosen = ApartAttachments.chosen(
            from: zip(outgoing.attachments, contents).map(Self.leastSize), ofMessage: whole.size, greatest: greatest)
        composed.apart = chosen.map { index in
            let attachment = outgoing.attachments[index]
            return ComposedEmail.Apart(
                name: attachment.shownName, type: attachment.type,
                contentId: outgoing.html == nil ? nil : attachment.contentId, content: .file(contents[index]))
        }
        for index in chosen.reversed() { outgoing.attachments.remove(at: index) }
        composed.body = .file(try await write(outgoing, in: folder))
        return composed
    }

    /// Most are in base 64, which has lines and a head besides; a message in a message may be as it is.
    private static func leastSize(_ attachment: OutgoingEmail.Attachment, _ content: SpooledFile) -> Int {
        attachment.type.lowercased().hasPrefix("message/") ? content.size : (content.size + 2) / 3 * 4
    }

    private func write(_ outgoing: OutgoingEmail, in folder: WorkFolder) async throws -> SpooledFile {
        let made = try await EmailComposer(threads: dependencies.threads).compose(outgoing, into: folder.path)
        return try SpooledFile(existing: "\(folder.path)/\(made.file)")
    }
}
