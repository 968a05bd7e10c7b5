import EmailAccess
import Foundation
import Testing

/// Against the test stack's Exim, whose mail Dovecot keeps.
@Suite(.enabled(if: MailStack.current != nil, "MILLRACE_TEST_SMTP_PORT and its like are not set"))
struct SmtpSessionTests {
    let stack: MailStack

    init() throws { stack = try #require(MailStack.current) }

    private func open(_ port: Int, _ security: MailServer.Security) async throws -> SmtpSession {
        try await SmtpSession.open(stack.server(port, security), stack.credentials("billing"))
    }

    @Test(arguments: [MailServer.Security.tls, .startTls])
    func aMessageArrives(security: MailServer.Security) async throws {
        let session = try await open(security == .tls ? stack.smtps : stack.smtp, security)
        let id = UUID().uuidString
        let text = "From: billing@example.test\r\nMessage-ID: <\(id)@test>\r\n\r\n.dot\n..two\r\nend"
        let outcome = await session.send(
            .bytes(Array(text.utf8)),
            SmtpEnvelope(sender: "billing@example.test", recipients: ["customer3@example.test"]))
        guard case .accepted(let reply) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reply.hasPrefix("250"))
        await session.close()
        let body = try await arrived(id, "customer3")
        let received = String(decoding: try body.piece(at: 0), as: UTF8.self)
        #expect(received.hasSuffix("\r\n\r\n.dot\r\n..two\r\nend\r\n"))
    }

    @Test func refusalsAreToldApartAndNobodyGetsAnything() async throws {
        let session = try await open(stack.smtps, .tls)
        let id = UUID().uuidString
        func send(_ recipients: [String]) async -> SmtpOutcome {
            await session.send(message(1, id: id), SmtpEnvelope(sender: "billing@example.test", recipients: recipients))
        }
        guard case .refusedForGood(let reply) = await send(["customer2@example.test", "x@fail.test"]) else {
            Issue.record("not refused")
            return
        }
        #expect(reply.contains("x@fail.test"))
        guard case .refusedForNow = await send(["customer2@example.test", "x@later.test"]) else {
            Issue.record("not refused for now")
            return
        }
        guard case .refusedForGood = await send(["x@later.test", "x@fail.test"]) else {
            Issue.record("a refusal for good outweighs")
            return
        }
        guard case .refusedForGood = await send(["a@b> SIZE=1\r\nRCPT TO:<c@d"]) else {
            Issue.record("broke out")
            return
        }
        #expect(await session.isUsable)
        let other = UUID().uuidString
        guard
            case .accepted = await session.send(
                message(2, id: other), SmtpEnvelope(sender: "", recipients: ["customer2@example.test"]))
        else {
            Issue.record("not accepted")
            return
        }
        await session.close()
        _ = try await arrived(other, "customer2")
        let imap = try await ImapSession.open(
            stack.server(stack.imaps, .tls), stack.credentials("customer2"), spool: NSTemporaryDirectory())
        _ = try await imap.select("INBOX")
        #expect(try await imap.uids(messageId: "<\(id)@test>").isEmpty)
        await imap.close()
    }

    @Test func wrongPasswords() async throws {
        let error = await #expect(throws: EmailAccessError.self) {
            try await SmtpSession.open(
                stack.server(stack.smtp, .startTls), .password(user: "billing@example.test", "falsch"))
        }
        #expect(error?.code == .credentialsRefused)
    }

    private func arrived(_ id: String, _ account: String) async throws -> MailBody {
        let session = try await ImapSession.open(
            stack.server(stack.imaps, .tls), stack.credentials(account), spool: NSTemporaryDirectory())
        _ = try await session.select("INBOX")
        var found = try await session.uids(messageId: "<\(id)@test>")
        let end = ContinuousClock.now + .seconds(20)
        while found.isEmpty, ContinuousClock.now < end {
            _ = try await session.idle(atMost: .seconds(1))
            found = try await session.uids(messageId: "<\(id)@test>")
        }
        let inbox = Inbox()
        try await session.fetch([found]) { await inbox.put($0.body) }
        await session.close()
        return try #require(await inbox.body)
    }

    private actor Inbox {
        var body: MailBody?
        func put(_ body: MailBody) { self.body = body }
    }
}

/// SMTP servers that break at each place, played on loopback.
@Suite struct BadSmtpServerTests {
    private let envelope = SmtpEnvelope(sender: "a@b.test", recipients: ["c@d.test"])

    private func outcome(_ script: @escaping @Sendable (ScriptedServer.Peer) -> Void) async throws -> SmtpOutcome {
        let server = ScriptedServer { peer in
            peer.smtpLogin()
            script(peer)
        }
        let session = try await SmtpSession.open(server.server(), someone, patience: hasty)
        let outcome = await session.send(message(1, size: 100_000), envelope)
        await session.close()
        return outcome
    }

    @Test(.timeLimit(.minutes(1))) func diesBeforeData() async throws {
        let outcome = try await outcome { _ = $0.line() }
        guard case .lostBefore(let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.code == .connectionLost)
    }

    @Test(.timeLimit(.minutes(1))) func diesWithinTheMessage() async throws {
        let outcome = try await outcome { peer in
            for reply in ["250 ok\r\n", "250 ok\r\n", "354 go on\r\n"] {
                _ = peer.line()
                peer.send(reply)
            }
            for _ in 0..<3 { _ = peer.line() }
        }
        // What the kernel has taken may include the end: then nobody can know.
        switch outcome {
        case .lostBefore, .uncertain: break
        default: Issue.record("\(outcome)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func diesAfterTheMessage() async throws {
        let outcome = try await outcome { $0.smtpMessage() }
        guard case .uncertain(let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.code == .connectionLost)
    }

    @Test(.timeLimit(.minutes(1))) func saysNothingAfterTheMessage() async throws {
        let outcome = try await outcome { peer in
            peer.smtpMessage()
            peer.untilClosed()
        }
        guard case .uncertain(let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.code == .timedOut)
    }

    @Test(.timeLimit(.minutes(1))) func refusesAfterTheMessage() async throws {
        #expect(
            try await outcome { peer in
                peer.smtpMessage()
                peer.send("552 too much\r\n")
            } == .refusedForGood("552 too much"))
        #expect(
            try await outcome { peer in
                peer.smtpMessage()
                peer.send("451-not\r\n451 now\r\n")
            } == .refusedForNow("451 not now"))
    }

    @Test(.timeLimit(.minutes(1))) func saysWhatItTakesBeforeAnythingIsSent() async throws {
        let server = ScriptedServer { peer in
            peer.smtpLogin()
            peer.untilClosed()
        }
        let session = try await SmtpSession.open(server.server(), someone, patience: hasty)
        #expect(session.greatestSize == 1_000_000)
        guard case .refusedForGood = await session.send(message(1, size: 1_100_000), envelope) else {
            Issue.record("too large a message was sent")
            return
        }
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatIsBusyIsTriedAgain() async throws {
        let server = ScriptedServer { peer in
            peer.send("220 ready\r\n")
            _ = peer.line()
            peer.send("250-here\r\n250 AUTH PLAIN\r\n")
            _ = peer.line()
            peer.send("454 temporary authentication failure\r\n")
            peer.untilClosed()
        }
        let error = await #expect(throws: EmailAccessError.self) {
            try await SmtpSession.open(server.server(), someone, patience: hasty)
        }
        #expect(error?.code == .temporarilyRefused)
    }
}
