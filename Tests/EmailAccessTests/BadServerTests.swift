import EmailAccess
import Foundation
import Testing

/// Servers that are slow, stop, break or refuse, played on loopback.
@Suite struct BadServerTests {
    private func session(_ server: ScriptedServer) async throws -> ImapSession {
        try await ImapSession.open(server.server(), someone, patience: hasty, spool: NSTemporaryDirectory())
    }

    private func failure(_ body: () async throws -> Void) async -> EmailAccessError? {
        await #expect(throws: EmailAccessError.self) { try await body() }
    }

    @Test(.timeLimit(.minutes(1))) func aByteNowAndThenIsGivenUp() async throws {
        let server = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            peer.sendSlowly("* 1 FETCH (UID 1 BODY[] {2000}\r\n" + String(repeating: "x", count: 2000), every: 50)
        }
        let session = try await session(server)
        let begin = ContinuousClock.now
        let error = await failure { try await session.fetch([UIDSet([1])]) { _ in } }
        #expect(error?.code == .timedOut)
        #expect(error?.text.contains("too slow") == true)
        #expect(error?.canRetry == true)
        #expect(ContinuousClock.now - begin < .seconds(5))
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatStopsInTheMiddleIsGivenUp() async throws {
        let server = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            peer.send("* 1 FETCH (UID 1 BODY[] {400000}\r\n" + String(repeating: "x", count: 200_000))
            peer.untilClosed()
        }
        let session = try await session(server)
        let error = await failure { try await session.fetch([UIDSet([1])]) { _ in } }
        #expect(error?.code == .timedOut)
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func aLostConnectionAndAFarewellAreToldApart() async throws {
        let server = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            peer.send("* 1 FETCH (UID 1 BODY[] {4000}\r\nabc")
        }
        let first = try await session(server)
        #expect(await failure { try await first.fetch([UIDSet([1])]) { _ in } }?.code == .connectionLost)
        await first.close()
        let other = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            peer.send("* BYE maintenance\r\n")
            peer.untilClosed()
        }
        let second = try await session(other)
        let error = await failure { _ = try await second.poll() }
        #expect(error?.code == .connectionLost)
        #expect(error?.text.contains("maintenance") == true)
        await second.close()
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatSaysNothingAtAll() async throws {
        let server = ScriptedServer { $0.untilClosed() }
        var patience = hasty
        patience.connecting = .milliseconds(500)
        let begin = ContinuousClock.now
        let error = await failure { [patience] in
            _ = try await ImapSession.open(server.server(), someone, patience: patience, spool: NSTemporaryDirectory())
        }
        #expect(error?.code == .timedOut)
        #expect(ContinuousClock.now - begin < .seconds(4))
    }

    @Test(.timeLimit(.minutes(1))) func cancellingEndsConnecting() async throws {
        let server = ScriptedServer { $0.untilClosed() }
        let connecting = Task {
            var patience = MailPatience()
            patience.connecting = .seconds(60)
            return try await ImapSession.open(
                server.server(), someone, patience: patience, spool: NSTemporaryDirectory())
        }
        try await Task.sleep(for: .milliseconds(100))
        connecting.cancel()
        let error = await #expect(throws: EmailAccessError.self) { try await connecting.value }
        #expect(error?.code == .closed)
    }

    @Test(.timeLimit(.minutes(1))) func aRefusedBatchLeavesTheSessionInStep() async throws {
        let server = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            _ = peer.line()
            peer.send("* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\nM2 NO [SERVERBUG] broken\r\n")
            peer.send("* 3 FETCH (UID 3 BODY[] {3}\r\nabc)\r\nM3 OK done\r\n")
            peer.answer()
            peer.untilClosed()
        }
        let session = try await session(server)
        let error = await failure { try await session.fetch([UIDSet([1, 2]), UIDSet([3]), UIDSet([4])]) { _ in } }
        #expect(error?.code == .temporarilyRefused)
        #expect(try await session.poll() == false)
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func nonsenseIsNotIMAP() async throws {
        let server = ScriptedServer { peer in
            peer.imapLogin()
            _ = peer.line()
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.untilClosed()
        }
        let session = try await session(server)
        #expect(await failure { _ = try await session.poll() }?.code == .protocolViolation)
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func tokensGoByXOAUTH2AndAreNotRepeated() async throws {
        let server = ScriptedServer { peer in
            peer.send("* OK ready\r\n")
            peer.answer("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2\r\n")
            let words = (peer.line() ?? "").split(separator: " ").map(String.init)
            let sent =
                words.count == 4 ? Data(base64Encoded: words[3]).map { String(decoding: $0, as: UTF8.self) } ?? "" : ""
            guard words.count == 4, words[2] == "XOAUTH2", sent == "user=someone\u{1}auth=Bearer token-4711\u{1}\u{1}"
            else {
                peer.send("\(words.first ?? "") BAD \(words)\r\n")
                return
            }
            peer.send("\(words[0]) NO [AUTHENTICATIONFAILED] token-4711 has expired\r\n")
            peer.untilClosed()
        }
        let error = await failure {
            _ = try await ImapSession.open(
                server.server(), .xoauth2(user: "someone", token: "token-4711"), patience: hasty,
                spool: NSTemporaryDirectory())
        }
        #expect(error?.code == .credentialsRefused)
        #expect(error?.text.contains("has expired") == true)
        #expect(error?.text.contains("token-4711") == false)
    }

    @Test(.timeLimit(.minutes(1))) func withoutSASLTheLoginCommandIsUsed() async throws {
        let server = ScriptedServer { peer in
            for _ in 0..<1 {
                peer.send("* OK ready\r\n")
                peer.answer("* CAPABILITY IMAP4rev1\r\n")
                guard let login = peer.line(), login.contains(" LOGIN ") else { return }
                peer.send("\(login.prefix { $0 != " " }) OK in\r\n")
                peer.answer("* CAPABILITY IMAP4rev1\r\n")
                peer.untilClosed()
            }
        }
        let session = try await session(server)
        #expect(await session.capabilities == ["IMAP4REV1"])
        await session.close()
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatIsBusyIsTriedAgain() async throws {
        let server = ScriptedServer { peer in
            peer.send("* OK ready\r\n")
            peer.answer("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n")
            peer.answer(with: "NO [UNAVAILABLE] later please")
            peer.untilClosed()
        }
        let error = await failure { _ = try await session(server) }
        #expect(error?.code == .temporarilyRefused)
        #expect(error?.canRetry == true)
    }
}
