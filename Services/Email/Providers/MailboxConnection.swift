import Domain
import EmailAccess

/// A mailbox behind a provider's own interface: what taking and sending need of it.
///
/// Its failures are ``EmailAccessError``s, as those of IMAP and SMTP, so that states and metrics speak of all kinds of
/// mailboxes alike.
protocol MailboxConnection: Sendable {
    /// Signs in and finds the folder; changes nothing.
    func check() async throws

    /// Tells of what has come into the folder, page by page, oldest pages first where the provider does so.
    /// - Parameters:
    ///   - cursor: where the last telling ended; nil tells of everything since `from`.
    ///   - from: from when on mail is taken.
    ///   - page: takes ids; the same id may be told of again.
    /// - Returns: the cursor to go on from. It is good only when all pages were taken.
    /// - Throws: ``CursorLost`` when the provider no longer knows the cursor.
    func changes(
        after cursor: String?, from: Instant, _ page: (_ ids: [String]) async throws -> Void
    ) async throws -> String

    /// Tells what lies in the folder, page by page, whether it was told of before or not.
    /// - Parameter from: what the provider took in before may be left out.
    func contents(since from: Instant, _ page: (_ entries: [FolderEntry]) async throws -> Void) async throws

    /// Fetches a message into a file.
    /// - Parameters:
    ///   - path: the file to make.
    ///   - greatest: bytes; of a larger message only the head is kept.
    /// - Returns: nil when the message is gone.
    func download(_ id: String, to path: String, greatest: Int) async throws -> DownloadedMessage?

    /// Does with messages that were taken what the mailbox says.
    func settle(_ ids: [String], _ processed: MailboxInbound.Processed, folder: String?) async throws

    /// How many messages of the folder nobody has read.
    func unread() async throws -> Int

    /// Brings over what goes apart from a message; see ``OutboundConnection/prepare(_:)``.
    func prepare(_ email: ComposedEmail) async -> Preparation

    /// Takes back what was prepared, as far as that can be done.
    func discard(_ email: ComposedEmail) async

    /// Sends a message that was prepared.
    /// - Returns: what became of it, in the terms of SMTP.
    func send(_ email: ComposedEmail) async -> SendResult

    /// Looks for a message among those sent, also when the provider has given it another Message-ID.
    func find(_ sought: SoughtEmail) async throws -> SentSearch
}

extension MailboxConnection {
    func prepare(_ email: ComposedEmail) async -> Preparation { .ready(email) }
    func discard(_ email: ComposedEmail) async {}
}

/// A message in a provider's folder.
struct FolderEntry: Sendable {
    let id: String
    /// When the provider took it in; nil when it does not say.
    var receivedAt: Instant?
    /// Whether it shows that it was taken.
    let isMarked: Bool
}

/// A message that was fetched from a provider.
struct DownloadedMessage: Sendable {
    /// Bytes of the whole message; for a cut one at least that many.
    var size: Int
    /// When the provider took it in; nil when it does not say.
    var receivedAt: Instant?
    /// Whether only the head is in the file.
    var isHeadOnly: Bool
}

/// The provider no longer knows where the last telling ended: what came since is told of again, and core knows what it has.
struct CursorLost: Error {
    /// What came before was told of; nil where that is not known.
    var back: Instant?
}
