/// A logged-in session with an SMTP server, over which any number of messages can be sent, one at a time.
public actor SmtpSession {
    /// The greatest message that the server takes, bytes; nil: it does not tell.
    public nonisolated let greatestSize: Int?
    private let extensions: Set<String>
    private let connection: MailConnection
    private let loop: MailLoop
    private var replies = SmtpReplyReader()
    private var isBroken = false

    /// Runs on the loop of its connection.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private init(connection: sending MailConnection, loop: MailLoop) {
        let greeting = connection.greeting
        self.connection = connection
        self.loop = loop
        var extensions: Set<String> = []
        var size: Int?
        for line in greeting where line.hasPrefix("250") {
            let words = line.dropFirst(4).split(separator: " ")
            guard let name = words.first?.uppercased() else { continue }
            extensions.insert(name)
            if name == "SIZE", words.count > 1, let bytes = Int(words[1]), bytes > 0 { size = bytes }
        }
        self.extensions = extensions
        greatestSize = size
    }

    /// Connects and logs in.
    /// - Parameters:
    ///   - credentials: nil: the server takes mail from us without.
    ///   - clientName: what is told in EHLO.
    public static func open(
        _ server: MailServer, _ credentials: MailCredentials?, patience: MailPatience = MailPatience(),
        clientName: String = "localhost"
    ) async throws(EmailAccessError) -> SmtpSession {
        let opened = try await OpenConnection(
            server: server, credentials: credentials, patience: patience, clientName: clientName
        ).smtp()
        let loop = MailLoop.next()
        let place = "\(server.host):\(server.port)"
        return SmtpSession(
            connection: MailConnection(opened, loop: loop, patience: patience, place: place), loop: loop)
    }

    /// Whether another message can be sent.
    public var isUsable: Bool { !isBroken && !connection.isClosed }

    /// Says goodbye without waiting for an answer, and closes.
    public func close() async {
        if isUsable, !Task.isCancelled {
            connection.beginExchange()
            try? await connection.send(Array("QUIT\r\n".utf8))
        }
        connection.close()
    }

    /// Sends a message to all recipients or to none: when the server refuses one of them nobody gets it, so that it can
    /// be sent again after a correction without anybody getting it twice.
    public func send(_ body: MailBody, _ envelope: SmtpEnvelope) async -> SmtpOutcome {
        do throws(EmailAccessError) {
            try envelope.check()
            if let greatestSize, body.size > greatestSize {
                return .refusedForGood(
                    "The mail server takes \(greatestSize) bytes at most; this message has \(body.size).")
            }
            guard envelope.isASCII || extensions.contains("SMTPUTF8") else {
                return .refusedForGood("The mail server takes no addresses with letters beyond ASCII.")
            }
        } catch {
            return .refusedForGood(error.text)
        }
        do throws(EmailAccessError) {
            if let refusal = try await offer(body.size, envelope) { return await givenUp(refusal) }
            try await stream(body)
        } catch {
            isBroken = true
            return .lostBefore(error)
        }
        return await answer()
    }

    /// MAIL, RCPT and DATA.
    /// - Returns: the reply of the one that was refused.
    private func offer(_ size: Int, _ envelope: SmtpEnvelope) async throws(EmailAccessError) -> SmtpReply? {
        var parameters = ""
        if extensions.contains("SIZE") { parameters += " SIZE=\(size)" }
        if extensions.contains("8BITMIME") { parameters += " BODY=8BITMIME" }
        if !envelope.isASCII { parameters += " SMTPUTF8" }
        var reply = try await exchange("MAIL FROM:<\(envelope.sender)>\(parameters)")
        guard reply.isPositive else { return reply }
        var refusal: SmtpReply?
        for recipient in envelope.recipients {
            reply = try await exchange("RCPT TO:<\(recipient)>")
            guard !reply.isPositive else { continue }
            reply.lines.insert("\(recipient):", at: 0)
            // A refusal for good outweighs one for now: waiting would not help.
            if refusal == nil || reply.code >= 500 { refusal = reply }
        }
        if let refusal { return refusal }
        reply = try await exchange("DATA")
        return reply.code == 354 ? nil : reply
    }

    private func givenUp(_ refusal: SmtpReply) async -> SmtpOutcome {
        // 421 closes the channel; else the session can go on with the next message.
        if refusal.code == 421 {
            isBroken = true
        } else {
            do throws(EmailAccessError) { _ = try await exchange("RSET") } catch { isBroken = true }
        }
        return refusal.code >= 500 ? .refusedForGood(refusal.text) : .refusedForNow(refusal.text)
    }

    /// The message up to, but without, what ends it.
    private func stream(_ body: MailBody) async throws(EmailAccessError) {
        var stuffing = DotStuffing()
        var offset = 0
        connection.beginExchange()
        while offset < body.size {
            let piece = try body.piece(at: offset)
            guard !piece.isEmpty else { throw EmailAccessError(.localFile, "A message's file has become shorter.") }
            try await connection.send(stuffing.stuffed(piece))
            offset += piece.count
        }
        ending = stuffing.end()
    }

    private var ending: [UInt8] = []

    /// Ends the message and waits for the answer. From the first byte on nobody can know whether it was taken unless
    /// the server says so.
    private func answer() async -> SmtpOutcome {
        var patience = connection.patience
        patience.window = patience.acceptance
        do throws(EmailAccessError) {
            connection.beginExchange(patience)
            try await connection.send(ending)
            let reply = try await reply()
            if reply.code == 421 { isBroken = true }
            if reply.isPositive { return .accepted(reply.text) }
            return reply.code >= 500 ? .refusedForGood(reply.text) : .refusedForNow(reply.text)
        } catch {
            isBroken = true
            return .uncertain(error)
        }
    }

    private func exchange(_ command: String) async throws(EmailAccessError) -> SmtpReply {
        connection.beginExchange()
        try await connection.send(Array("\(command)\r\n".utf8))
        return try await reply()
    }

    private func reply() async throws(EmailAccessError) -> SmtpReply {
        while true {
            if let reply = try replies.next() { return reply }
            let connection = self.connection
            let arrived = try replies.fill { bytes throws(EmailAccessError) in try connection.receive(into: &bytes) }
            if !arrived { try await connection.untilReadable() }
        }
    }
}
