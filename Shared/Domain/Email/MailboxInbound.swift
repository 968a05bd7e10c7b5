/// How a mailbox is read.
public struct MailboxInbound: Sendable, Hashable {
    /// What is done to a message that was taken.
    public enum Processed: String, Sendable, CaseIterable { case none, flag, move, delete }
    /// What makes two messages one.
    public enum Duplicates: String, Sendable, CaseIterable {
        /// The same Message-ID, in whichever mailboxes of the tenant.
        case messageId
        /// The same Message-ID in the same mailbox.
        case perMailbox
        /// Every copy is a message of its own.
        case off
    }

    /// The server of a generic mailbox.
    public var server: MailServerConfiguration?
    /// Who signs in there.
    public var credentials: MailCredentials?
    /// The interface of a provider's mailbox.
    public var api: MailInterface?
    /// The folder that is read.
    public var folder = "INBOX"
    /// Whether the server is asked to tell of new mail at once.
    public var idle = true
    /// Milliseconds between looks, where it does not tell.
    public var pollEvery: Int64 = 60_000
    /// What is done to a message that was taken.
    public var processed = Processed.flag
    /// Where `move` moves it.
    public var processedFolder: String?
    /// From when on mail is taken at the first connection; nil is from then on.
    public var since: Instant?
    /// Bytes; of a larger message only the headers are kept.
    public var greatestMessage = 50 << 20
    /// Patterns of attachments' names that are not taken: `*.exe`.
    public var blockedAttachments: [String] = []
    /// When not empty, only attachments of these patterns are taken.
    public var allowedAttachments: [String] = []
    /// What makes two messages one.
    public var duplicates = Duplicates.messageId

    /// The secrets that it names.
    public var secrets: [String] { [credentials?.secret, api?.secret].compactMap { $0 } }

    static func read(
        _ value: JSONValue, kind: MailboxConfiguration.Kind, at pointer: JSONPointer, problems: ProblemCollector
    ) -> MailboxInbound? {
        let known = [
            "server", "credentials", "api", "folder", "idle", "pollEvery", "processed", "since", "greatestMessage",
            "blockedAttachments", "allowedAttachments", "duplicates",
        ]
        guard let reader = ObjectReader(value, at: pointer, known: known, problems: problems) else { return nil }
        var inbound = MailboxInbound()
        (inbound.server, inbound.credentials, inbound.api) = MailboxConfiguration.connection(
            reader, kind: kind, usualPort: 993, apiRequired: true)
        inbound.folder = reader.text("folder", .longName) ?? inbound.folder
        inbound.idle = reader.bool("idle") ?? inbound.idle
        inbound.pollEvery = reader.duration("pollEvery", in: 1000...86_400_000) ?? inbound.pollEvery
        inbound.readProcessed(reader)
        inbound.since = reader.instant("since", in: Instant(milliseconds: 0)..<WorkItemLimits.dates.upperBound)
        inbound.greatestMessage =
            reader.integer("greatestMessage", in: 1024...EmailLimits.contentBytes) ?? inbound.greatestMessage
        inbound.blockedAttachments = reader.texts("blockedAttachments", .longName)?.map(\.text) ?? []
        inbound.allowedAttachments = reader.texts("allowedAttachments", .longName)?.map(\.text) ?? []
        inbound.duplicates = reader.choice("duplicates", "rule") ?? inbound.duplicates
        return inbound
    }

    private mutating func readProcessed(_ reader: ObjectReader) {
        let place = reader.pointer.appending("processed")
        guard let value = reader.value("processed"),
            let inner = ObjectReader(value, at: place, known: ["action", "folder"], problems: reader.problems)
        else { return }
        processed = inner.choice("action", "action") ?? processed
        processedFolder = inner.text("folder", .longName)
        switch (processed, processedFolder) {
        case (.move, nil): inner.report("folder", "Missing; expected the folder to which messages are moved.")
        case (.move, let folder?) where folder == self.folder:
            inner.report("folder", "Expected another folder than the one that is read.")
        case (.move, _), (_, nil): break
        default: inner.report("folder", "Only action move has a folder.")
        }
    }

    /// As JSON, in the shape that is read.
    public var document: JSONValue {
        var object = JSONObject()
        object["server"] = server?.document
        object["credentials"] = credentials?.document
        object["api"] = api?.document
        object["folder"] = .string(folder)
        object["idle"] = .bool(idle)
        object["pollEvery"] = .string(DurationText.text(milliseconds: pollEvery))
        var after: JSONObject = ["action": .string(processed.rawValue)]
        after["folder"] = processedFolder.map(JSONValue.string)
        object["processed"] = .object(after)
        object["since"] = since.map { .string($0.rfc3339) }
        object["greatestMessage"] = .integer(Int64(greatestMessage))
        object["blockedAttachments"] = .array(blockedAttachments.sorted().map(JSONValue.string))
        object["allowedAttachments"] = .array(allowedAttachments.sorted().map(JSONValue.string))
        object["duplicates"] = .string(duplicates.rawValue)
        return .object(object)
    }
}
