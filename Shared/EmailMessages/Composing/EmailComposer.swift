/// Writes outgoing messages as RFC 5322 bytes, on threads of its own.
///
/// The result is 7-bit clean with CRLF line ends, so that any server takes it as it is.
public struct EmailComposer: Sendable {
    private let threads: MessageThreads

    /// A composer that works on `threads`.
    public init(threads: MessageThreads) { self.threads = threads }

    /// Writes the message to a new file at `folder`/`name`; attachments are read from their files on the way.
    ///
    /// - Returns: the file with its size and digest.
    /// - Throws: `invalidValue` as `OutgoingEmail.check`; `file` when an attachment is missing or the disk refuses.
    public func compose(
        _ email: OutgoingEmail, into folder: String, name: String = "message.eml"
    ) async throws(EmailMessageError) -> MessageFile {
        try await threads.run { () throws(EmailMessageError) -> MessageFile in
            try Self.composeBlocking(email, into: folder, name: name)
        }
    }

    /// The same on the caller's thread.
    package static func composeBlocking(
        _ email: OutgoingEmail, into folder: String, name: String = "message.eml"
    ) throws(EmailMessageError) -> MessageFile {
        try email.check()
        let builder = MessageBuilder()
        builder.setHeaders(email)
        try builder.setContent(email)
        return try builder.write(folder: folder, name: name)
    }
}
