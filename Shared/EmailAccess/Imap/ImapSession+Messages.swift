/// What a message is, without its text.
public struct MessageSummary: Sendable, Hashable {
    /// Its UID.
    public var uid: UInt32
    /// Bytes.
    public var size: Int
    /// When the server took it in, milliseconds since 1970.
    public var internalDate: Int64
    /// Flags and keywords.
    public var flags: [String]

    /// Makes a summary.
    public init(uid: UInt32, size: Int, internalDate: Int64, flags: [String]) {
        self.uid = uid
        self.size = size
        self.internalDate = internalDate
        self.flags = flags
    }
}

/// A message as fetched.
public struct FetchedMessage: Sendable {
    /// Its UID.
    public var uid: UInt32
    /// When the server took it in, milliseconds since 1970; 0 when it does not tell.
    public var internalDate: Int64
    /// Flags and keywords.
    public var flags: [String]
    /// All of it, or its head only.
    public var body: MailBody

    /// A message that came some other way than over IMAP.
    public init(uid: UInt32, internalDate: Int64, flags: [String], body: MailBody) {
        self.uid = uid
        self.internalDate = internalDate
        self.flags = flags
        self.body = body
    }
}

/// What is searched for. Days are the server's, so that a message's own day may differ by one.
public enum ImapSearchTerm: Sendable, Hashable {
    /// Taken in by the server on that day or later; milliseconds since 1970.
    case since(Int64)
    /// Taken in by the server on that day; milliseconds since 1970.
    case on(Int64)
    /// Its UID is at most this.
    case upTo(UInt32)
    /// It lacks this keyword of ours.
    case lacks(String)
    /// It is not marked as deleted.
    case undeleted
    /// Nobody has marked it as worth a look.
    case unflagged
    /// It is one of these.
    case among(UIDSet)

    var text: String {
        switch self {
        case .since(let moment): "SINCE \(InternalDate.day(moment))"
        case .on(let moment): "ON \(InternalDate.day(moment))"
        case .upTo(let uid): "UID 1:\(uid)"
        case .lacks(let keyword): "UNKEYWORD \(keyword)"
        case .undeleted: "UNDELETED"
        case .unflagged: "UNFLAGGED"
        case .among(let uids): "UID \(uids)"
        }
    }
}

extension ImapSession {
    /// UIDs in the open folder that are at least `first`, ascending. News told until now are taken note of.
    /// - Parameter since: only those that the server took in on this day (UTC) or later, milliseconds since 1970.
    public func uids(from first: UInt32, since: Int64? = nil) async throws(EmailAccessError) -> UIDSet {
        hasNews = false
        return try await search("UID \(first):*" + (since.map { " SINCE \(InternalDate.day($0))" } ?? ""), from: first)
    }

    /// UIDs in the open folder that lack `\Seen`.
    public func unseen() async throws(EmailAccessError) -> UIDSet { try await search("UNSEEN", from: 1) }

    /// UIDs of messages in the open folder with this Message-ID.
    public func uids(messageId: String) async throws(EmailAccessError) -> UIDSet {
        try await search("HEADER MESSAGE-ID \(ImapString.quoted(messageId))", from: 1)
    }

    /// UIDs of messages in the open folder for which all terms hold, ascending.
    public func uids(where terms: [ImapSearchTerm]) async throws(EmailAccessError) -> UIDSet {
        try await search(terms.isEmpty ? "ALL" : terms.map(\.text).joined(separator: " "), from: 1)
    }

    private func search(_ criteria: String, from first: UInt32) async throws(EmailAccessError) -> UIDSet {
        var ranges: [ClosedRange<UInt32>] = []
        let extended = capabilities.contains("ESEARCH") ? "RETURN (ALL) " : ""
        try await command("UID SEARCH \(extended)\(criteria)", doing: "SEARCH") { response in
            if case .search(let found) = response { ranges += found }
        }
        // `5:*` includes the last message even when its UID is lower.
        return UIDSet(ranges.compactMap { $0.upperBound < first ? nil : max(first, $0.lowerBound)...$0.upperBound })
    }

    /// Size, date and flags of messages, by UID; those that are gone are left out.
    public func summaries(_ uids: UIDSet) async throws(EmailAccessError) -> [MessageSummary] {
        guard !uids.isEmpty else { return [] }
        var found: [UInt32: MessageSummary] = [:]
        try await command("UID FETCH \(uids) (UID RFC822.SIZE INTERNALDATE FLAGS)", doing: "FETCH") { response in
            guard case .fetch(let fetch) = response, let uid = fetch.uid, let size = fetch.size else { return }
            found[uid] = MessageSummary(
                uid: uid, size: size, internalDate: fetch.internalDate ?? 0, flags: fetch.flags ?? [])
        }
        return found.values.sorted { $0.uid < $1.uid }
    }

    /// Fetches messages without marking them, and hands them on one by one in the server's order, which may mix two
    /// batches; those that are gone are left out. While one is handed on no other is held: the server waits. The next
    /// batch is asked for before the one before has ended.
    /// - Parameters:
    ///   - batches: UIDs, as many at a time as one command shall name.
    ///   - headOnly: the header instead of the whole message.
    ///   - handle: what it throws ends the fetch; then close the session, in which the rest still arrives.
    /// - Throws: ``EmailAccessError/Code/refused`` and its like when the server refuses a batch, after all that was asked
    ///   has been answered: the session can be used on.
    public func fetch(
        _ batches: [UIDSet], headOnly: Bool = false,
        handle: @Sendable (FetchedMessage) async throws -> Void
    ) async throws {
        let section = headOnly ? "HEADER" : ""
        var asked: [String] = []
        var refusal: EmailAccessError?
        var left = batches.filter { !$0.isEmpty }[...]
        var isFirst = true
        while !left.isEmpty || !asked.isEmpty {
            while asked.count < 2, let batch = left.popFirst() {
                let tag = nextTag()
                if isFirst { connection.beginExchange() }
                isFirst = false
                let command = "\(tag) UID FETCH \(batch) (UID FLAGS INTERNALDATE BODY.PEEK[\(section)])\r\n"
                try await connection.send(Array(command.utf8))
                asked.append(tag)
            }
            let (response, bodies) = try await next()
            switch response {
            case .tagged(let tag, let status):
                // Servers may answer what is asked at the same time in any order.
                guard let index = asked.firstIndex(of: tag) else { throw ImapValueReader.malformed }
                asked.remove(at: index)
                if status.kind != .ok {
                    refusal = refusal ?? status.error("FETCH")
                    left = []
                }
                connection.beginExchange()
            case .status(let status) where status.kind == .bye: throw status.error("FETCH")
            case .fetch(let fetch):
                guard let message = Self.message(fetch, bodies) else { continue }
                try await handle(message)
                connection.beginExchange()
            default: break
            }
        }
        if let refusal { throw refusal }
    }

    /// nil for what is told of other messages meanwhile.
    private static func message(_ fetch: ImapFetch, _ bodies: [MailBody]) -> FetchedMessage? {
        guard let uid = fetch.uid, let section = fetch.section else { return nil }
        let body: MailBody
        switch section {
        case .body(let index) where index < bodies.count: body = bodies[index]
        case .string(let bytes): body = .bytes(bytes)
        case .null: body = .bytes([])
        default: return nil
        }
        return FetchedMessage(
            uid: uid, internalDate: fetch.internalDate ?? 0, flags: fetch.flags ?? [], body: body)
    }

    /// Sets and takes away flags and keywords.
    public func store(
        _ uids: UIDSet, add: [String] = [], remove: [String] = []
    ) async throws(EmailAccessError) {
        guard !uids.isEmpty else { return }
        if !add.isEmpty {
            try await command(
                "UID STORE \(uids) +FLAGS.SILENT (\(add.joined(separator: " ")))", doing: "setting flags")
        }
        if !remove.isEmpty {
            try await command(
                "UID STORE \(uids) -FLAGS.SILENT (\(remove.joined(separator: " ")))", doing: "taking flags away")
        }
    }

    /// Moves messages to another folder: by MOVE, else by copy and removal.
    public func move(_ uids: UIDSet, to folder: String) async throws(EmailAccessError) {
        guard !uids.isEmpty else { return }
        let name = try MailboxName.quoted(folder)
        if capabilities.contains("MOVE") {
            try await command("UID MOVE \(uids) \(name)", doing: "moving to the folder \(folder)")
        } else {
            try await command("UID COPY \(uids) \(name)", doing: "copying to the folder \(folder)")
            try await delete(uids)
        }
    }

    /// Removes messages for good.
    ///
    /// Without UIDPLUS they are only marked: a plain EXPUNGE would remove what other people have marked as well.
    public func delete(_ uids: UIDSet) async throws(EmailAccessError) {
        guard !uids.isEmpty else { return }
        try await command("UID STORE \(uids) +FLAGS.SILENT (\\Deleted)", doing: "marking as deleted")
        if capabilities.contains("UIDPLUS") {
            try await command("UID EXPUNGE \(uids)", doing: "EXPUNGE")
        }
    }

    /// Puts a message into a folder.
    /// - Returns: its UID, where the server tells it.
    @discardableResult
    public func append(
        _ body: MailBody, to folder: String, flags: [String] = []
    ) async throws(EmailAccessError) -> UInt32? {
        let tag = nextTag()
        let list = flags.isEmpty ? "" : "(\(flags.joined(separator: " "))) "
        let head = try "\(tag) APPEND \(MailboxName.quoted(folder)) \(list){\(body.size)}\r\n"
        connection.beginExchange()
        try await connection.send(Array(head.utf8))
        waiting: while true {
            switch try await next().0 {
            case .continuation: break waiting
            case .tagged(tag, let status): throw status.error("putting a message into the folder \(folder)")
            case .status(let status) where status.kind == .bye: throw status.error("APPEND")
            default: continue
            }
        }
        var offset = 0
        while offset < body.size {
            let piece = try body.piece(at: offset)
            guard !piece.isEmpty else { throw EmailAccessError(.localFile, "A message's file has become shorter.") }
            try await connection.send(piece)
            offset += piece.count
        }
        try await connection.send([13, 10])
        let status = try await finish(tag, doing: "putting a message into the folder \(folder)")
        guard status.code == "APPENDUID", status.arguments.count == 2 else { return nil }
        return status.arguments[1].number.flatMap { UInt32(exactly: $0) }
    }
}
