/// A logged-in session with an IMAP server.
///
/// One command at a time: its caller awaits each call before the next. Every wait is bounded by the patience given, and
/// ends when the task is cancelled. After an error that is not the server's NO the session is of no use any more;
/// ``close()`` it in any case.
public actor ImapSession {
    /// What the server can do, in capitals.
    public private(set) var capabilities: Set<String> = []
    let connection: MailConnection
    let spool: String
    private let loop: MailLoop
    private var framing = ImapFraming()
    /// Whether the server has told of new messages since they were last searched for. It tells once, in the answer to
    /// whatever is asked next, and not again when one idles.
    var hasNews = false
    private var lastTag = 0
    private let interruption: MailConnection.Interruption

    /// Runs on the loop of its connection.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private init(connection: sending MailConnection, loop: MailLoop, spool: String) {
        interruption = connection.interruption
        self.connection = connection
        self.loop = loop
        self.spool = spool
    }

    /// Connects and logs in.
    /// - Parameter spool: a folder for messages that are too large to be held in memory.
    public static func open(
        _ server: MailServer, _ credentials: MailCredentials, patience: MailPatience = MailPatience(), spool: String
    ) async throws(EmailAccessError) -> ImapSession {
        let opened = try await OpenConnection(server: server, credentials: credentials, patience: patience).imap()
        let loop = MailLoop.next()
        let place = "\(server.host):\(server.port)"
        let session = ImapSession(
            connection: MailConnection(opened, loop: loop, patience: patience, place: place), loop: loop, spool: spool)
        do throws(EmailAccessError) {
            try await session.begin()
        } catch {
            await session.close()
            throw error
        }
        return session
    }

    private func begin() async throws(EmailAccessError) {
        try await command("CAPABILITY", doing: "CAPABILITY") { response in
            if case .capability(let words) = response { self.capabilities = Set(words) }
        }
    }

    /// Says goodbye without waiting for an answer, and closes.
    public func close() async {
        if !connection.isClosed {
            connection.beginExchange()
            if !Task.isCancelled { try? await connection.send(Array("Z LOGOUT\r\n".utf8)) }
        }
        connection.close()
    }

    /// Ends an ``idle(until:)`` under way. From any thread.
    public nonisolated func wake() { interruption() }

    // MARK: Commands

    func nextTag() -> String {
        lastTag += 1
        return "M\(lastTag)"
    }

    /// Sends a command and hands on what comes until its end.
    /// - Parameter doing: names the command in errors, without arguments.
    /// - Throws: the error that its NO or BAD means, among others.
    @discardableResult
    func command(
        _ text: String, doing: String, untagged: (ImapResponse) -> Void = { _ in }
    ) async throws(EmailAccessError) -> ImapStatus {
        let tag = nextTag()
        connection.beginExchange()
        try await connection.send(Array("\(tag) \(text)\r\n".utf8))
        return try await finish(tag, doing: doing, untagged: untagged)
    }

    /// Hands on what comes until the end of the command `tag`.
    func finish(
        _ tag: String, doing: String, untagged: (ImapResponse) -> Void = { _ in }
    ) async throws(EmailAccessError) -> ImapStatus {
        while true {
            let (response, _) = try await next()
            switch response {
            case .tagged(tag, let status):
                guard status.kind == .ok else { throw status.error(doing) }
                return status
            case .tagged: throw ImapValueReader.malformed
            case .status(let status) where status.kind == .bye: throw status.error(doing)
            default: untagged(response)
            }
        }
    }

    private func noted(_ response: ImapResponse) -> ImapResponse {
        if case .exists = response { hasNews = true }
        return response
    }

    /// A response that has arrived and has no bodies; nil when there is none yet.
    func arrived() throws(EmailAccessError) -> ImapResponse? {
        while true {
            if case .line(let line) = try framing.next() { return noted(try ImapResponse(line)) }
            let connection = self.connection
            let more = try framing.fill { bytes throws(EmailAccessError) in try connection.receive(into: &bytes) }
            if !more { return nil }
        }
    }

    /// The next response, with the bodies that came in it.
    func next() async throws(EmailAccessError) -> (ImapResponse, [MailBody]) {
        var bodies: [MailBody] = []
        var writer: MailBodyWriter?
        var taken = 0
        while true {
            switch try framing.next() {
            case .line(let line):
                return (noted(try ImapResponse(line)), bodies)
            case .bodyBegins(let size):
                writer = try MailBodyWriter(size: size, folder: spool)
            case .body(let piece):
                taken += piece.count
                try writer?.write(piece)
            case .bodyEnds:
                if let body = writer?.finish() { bodies.append(body) }
                writer = nil
            case nil:
                let connection = self.connection
                let arrived = try framing.fill { bytes throws(EmailAccessError) in try connection.receive(into: &bytes)
                }
                if !arrived {
                    try await connection.untilReadable()
                } else if taken > 1 << 20 {
                    // Others on this loop get their turn beside a long message.
                    taken = 0
                    await Task.yield()
                }
            }
        }
    }
}
