/// Reads messages from files, on threads of its own.
///
/// A message of any size costs little memory: the parser keeps positions in the file, and attachments go decoded from
/// file to file.
public struct EmailReader: Sendable {
    private let threads: MessageThreads
    private let limits: EmailReadingLimits

    /// A reader that works on `threads`.
    public init(threads: MessageThreads, limits: EmailReadingLimits = EmailReadingLimits()) {
        self.threads = threads
        self.limits = limits
    }

    /// Reads the message at `path` and writes its attachments, decoded, and its sanitised HTML into `folder`, which
    /// exists and is the caller's to empty. Files of earlier messages there are overwritten.
    ///
    /// - Throws: `file` when the disk refuses; `unreadable` when the parser cannot take the bytes at all, which
    ///   happens to hardly anything: what is odd about a message is told in its `problems`.
    public func read(path: String, into folder: String) async throws(EmailMessageError) -> EmailMessage {
        let limits = limits
        return try await threads.run { () throws(EmailMessageError) -> EmailMessage in
            try Self.readBlocking(path: path, into: folder, limits: limits)
        }
    }

    /// The same on the caller's thread.
    package static func readBlocking(
        path: String, into folder: String, limits: EmailReadingLimits = EmailReadingLimits()
    ) throws(EmailMessageError) -> EmailMessage {
        let tree = try MessageTree(path: path, limits: limits)
        var walk = PartWalk(folder: folder, limits: limits)
        for problem in tree.problems { walk.message.note(problem) }
        try tree.withMessage { message throws(EmailMessageError) in
            walk.readHeaders(message.headers())
            if let content = message.content {
                walk.readLanguage(content)
                try walk.walk(content)
            }
            try walk.finish(message.headers())
        }
        return walk.message
    }
}
