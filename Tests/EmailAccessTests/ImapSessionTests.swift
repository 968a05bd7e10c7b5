import EmailAccess
import Foundation
import Synchronization
import Testing

/// Against the test stack's Dovecot.
@Suite(.enabled(if: MailStack.current != nil, "MILLRACE_TEST_IMAP_PORT and its like are not set"))
struct ImapSessionTests {
    let stack: MailStack

    init() throws { stack = try #require(MailStack.current) }

    @Test(arguments: [MailServer.Security.tls, .startTls, .plain])
    func aMessageGoesInAndComesOut(security: MailServer.Security) async throws {
        try await stack.withFolder(security: security) { session, folder in
            let body = message(1)
            let uid = try #require(try await session.append(body, to: folder, flags: ["\\Seen"]))
            let state = try await session.select(folder)
            #expect(state.count == 1)
            #expect(state.uidNext == uid + 1)
            #expect(state.uidValidity > 0)
            #expect(state.takesKeywords)
            let summary = try #require(try await session.summaries(UIDSet([uid])).first)
            #expect(summary.size == body.size)
            #expect(summary.flags.contains("\\Seen"))
            #expect(abs(summary.internalDate - Int64(Date().timeIntervalSince1970 * 1000)) < 60_000)
            let fetched = try await collected(session, [UIDSet([uid])])
            #expect(fetched.map(\.uid) == [uid])
            #expect(try fetched[0].body.piece(at: 0) == body.piece(at: 0))
        }
    }

    @Test func flagsMovesAndRemovals() async throws {
        try await stack.withFolder { session, folder in
            for number in 0..<3 { try await session.append(message(number), to: folder) }
            _ = try await session.select(folder)
            let uids = Array(try await session.uids(from: 1).uids)
            #expect(uids.count == 3)
            try await session.store(UIDSet([uids[0]]), add: ["\\Seen", "$MillraceTaken"])
            #expect(Array(try await session.unseen().uids) == Array(uids[1...]))
            #expect(try await session.summaries(UIDSet([uids[0]])).first?.flags.contains("$MillraceTaken") == true)
            try await session.store(UIDSet([uids[0]]), remove: ["\\Seen"])
            #expect(try await session.unseen().count == 3)
            let other = folder + "/Dönerstände"
            try await session.createFolder(other)
            try await session.createFolder(other)
            try await session.move(UIDSet([uids[1]]), to: other)
            try await session.delete(UIDSet([uids[2]]))
            #expect(Array(try await session.uids(from: 1).uids) == [uids[0]])
            #expect(try await session.uids(from: uids[0] + 1).isEmpty, "n:* must not name the last message")
            let status = try await session.status(other)
            #expect(status.count == 1)
            #expect(status.unseen == 1)
            #expect(try await session.sentFolder() == "Sent")
        }
    }

    @Test func aMessageIsFoundByItsId() async throws {
        try await stack.withFolder { session, folder in
            let id = UUID().uuidString
            let uid = try await session.append(message(1, id: id), to: folder)
            try await session.append(message(2), to: folder)
            _ = try await session.select(folder, readOnly: true)
            #expect(Array(try await session.uids(messageId: "<\(id)@test>").uids) == [uid])
            #expect(try await session.uids(messageId: "<none@test>").isEmpty)
            let tomorrow = Int64(Date().timeIntervalSince1970 + 86400) * 1000
            #expect(try await session.uids(from: 1, since: tomorrow).isEmpty)
            #expect(try await session.uids(from: 1, since: tomorrow - 172_800_000).count == 2)
        }
    }

    @Test func aLargeMessageGoesThroughAFile() async throws {
        try await stack.withFolder { session, folder in
            let body = message(1, size: 50_000_000)
            let uid = try #require(try await session.append(body, to: folder))
            try await session.append(message(2), to: folder)
            _ = try await session.select(folder)
            let fetched = try await collected(session, [UIDSet([uid...uid + 1])])
            #expect(fetched.map(\.body.size) == [body.size, message(2).size])
            guard case .file(let file) = fetched[0].body else {
                Issue.record("held in memory")
                return
            }
            #expect(FileManager.default.fileExists(atPath: file.path))
            for offset in [0, 25_000_000, 49_999_000] {
                #expect(try fetched[0].body.piece(at: offset) == body.piece(at: offset))
            }
            let head = try await collected(session, [UIDSet([uid])], headOnly: true)
            #expect(head[0].body.size < 200)
        }
    }

    @Test func thousandsOfMessagesInOneGo() async throws {
        try await stack.withFolder { session, folder in
            for number in 0..<500 { try await session.append(message(number, size: 4000 + number * 40), to: folder) }
            _ = try await session.select(folder)
            let uids = Array(try await session.uids(from: 1).uids)
            let batches = stride(from: 0, to: uids.count, by: 50).map { UIDSet(uids[$0..<$0 + 50]) }
            let begin = ContinuousClock.now
            let fetched = try await collected(session, batches)
            let elapsed = ContinuousClock.now - begin
            #expect(fetched.map(\.uid).sorted() == uids)
            #expect(elapsed < .seconds(10), "500 messages took \(elapsed)")
        }
    }

    @Test func newsEndsIdling() async throws {
        try await stack.withFolder { session, folder in
            _ = try await session.select(folder)
            _ = try await session.uids(from: 1)
            #expect(await session.canIdle)
            #expect(try await session.idle(atMost: .milliseconds(50)) == .timedOut)
            let stack = self.stack
            async let end = session.idle(atMost: .seconds(20))
            try await stack.withFolder { other, _ in _ = try await other.append(message(1), to: folder) }
            #expect(try await end == .changed)
            #expect(try await session.uids(from: 1).count == 1)
            // Told of in the answer to something else: it is not told again.
            try await stack.withFolder { other, _ in _ = try await other.append(message(2), to: folder) }
            _ = try await session.unseen()
            let begin = ContinuousClock.now
            #expect(try await session.idle(atMost: .seconds(20)) == .changed)
            #expect(ContinuousClock.now - begin < .seconds(5))
            #expect(try await session.uids(from: 1).count == 2)
            async let second = session.idle(atMost: .seconds(20))
            let waking = Task {
                // Again and again, since the wait may not have begun.
                while !Task.isCancelled {
                    session.wake()
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await second == .woken)
            waking.cancel()
            await waking.value
            #expect(try await session.poll() == false)
        }
    }

    @Test func aCancelledWaitEndsAtOnce() async throws {
        try await stack.withFolder { session, folder in
            _ = try await session.select(folder)
            let begin = ContinuousClock.now
            let waiting = Task { try await session.idle(atMost: .seconds(60)) }
            try await Task.sleep(for: .milliseconds(100))
            waiting.cancel()
            let error = await #expect(throws: EmailAccessError.self) { try await waiting.value }
            #expect(error?.code == .closed)
            #expect(ContinuousClock.now - begin < .seconds(5))
        }
    }

    @Test func wrongPasswordsCertificatesAndPorts() async throws {
        let spool = NSTemporaryDirectory()
        var error = await #expect(throws: EmailAccessError.self) {
            try await ImapSession.open(
                stack.server(stack.imaps, .tls), .password(user: "sales@example.test", "falsch-5678"), spool: spool)
        }
        #expect(error?.code == .credentialsRefused)
        #expect(error?.text.contains("falsch-5678") == false)
        #expect(error?.canRetry == false)
        for server in [
            stack.server(stack.imaps, .tls, host: "mail.example.org"), stack.server(stack.imaps, .tls, trusted: false),
            stack.server(stack.imap, .startTls, host: "mail.example.org"),
        ] {
            error = await #expect(throws: EmailAccessError.self) {
                try await ImapSession.open(server, stack.credentials("sales"), spool: spool)
            }
            #expect(error?.code == .wrongCertificate)
        }
        error = await #expect(throws: EmailAccessError.self) {
            try await ImapSession.open(stack.server(stack.imap, .tls), stack.credentials("sales"), spool: spool)
        }
        #expect(error?.code == .tlsFailed)
        error = await #expect(throws: EmailAccessError.self) {
            try await ImapSession.open(stack.server(1, .tls), stack.credentials("sales"), spool: spool)
        }
        #expect(error?.code == .unreachable)
        #expect(error?.canRetry == true)
    }

    @Test func theGuardsWordIsLast() async throws {
        struct Refusal: Error, CustomStringConvertible { let description = "not on the list" }
        let server = MailServer(host: "localhost", port: stack.imaps, security: .tls) { _, _ in throw Refusal() }
        let error = await #expect(throws: EmailAccessError.self) {
            try await ImapSession.open(server, stack.credentials("sales"), spool: NSTemporaryDirectory())
        }
        #expect(error?.code == .addressRefused)
        #expect(error?.text == "not on the list")
    }

    @Test func aFullMailboxIsToldApart() async throws {
        let session = try await ImapSession.open(
            stack.server(stack.imaps, .tls), stack.credentials("full"), spool: NSTemporaryDirectory())
        let error = await #expect(throws: EmailAccessError.self) {
            for number in 0..<5 { try await session.append(message(number, size: 30_000), to: "INBOX") }
        }
        #expect(error?.code == .mailboxFull)
        await session.close()
    }

    private func collected(
        _ session: ImapSession, _ batches: [UIDSet], headOnly: Bool = false
    ) async throws -> [FetchedMessage] {
        let found = Mutex<[FetchedMessage]>([])
        try await session.fetch(batches, headOnly: headOnly) { message in found.withLock { $0.append(message) } }
        return found.withLock { $0 }
    }
}
