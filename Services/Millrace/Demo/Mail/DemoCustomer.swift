import Domain
import EmailAccess
import Foundation
import Synchronization

/// A customer of the demonstration: writes to the mailboxes over SMTP and reads over IMAP what comes into the customer's
/// own account, and writes again.
struct DemoCustomer: Sendable {
    let servers: DemoMailServers
    /// The account's name.
    let account: String
    let name: String
    /// Makes the customer's messages unique among those of all runs.
    let run: String
    let conversations: [DemoConversation]
    let ledger: SharedMailLedger
    let start: ContinuousClock.Instant
    /// Afterwards nothing is written any more, only read.
    let lastWriting: ContinuousClock.Instant
    let stop: StopSignal

    /// Something to be written.
    private struct Draft {
        var due: ContinuousClock.Instant
        var conversation: DemoConversation
        var answer: DemoAnswerHead?
        var isFirst = false
    }
    private struct Desk {
        var drafts: [Draft] = []
        /// Conversations by the ids of the messages in them.
        var threads: [String: DemoConversation] = [:]
        var replies: [Int: Int] = [:]
        var lastId: [Int: String] = [:]
        var smtp: SmtpSession?
        var count = 0
    }

    /// What the customer writes without being answered.
    static func planned(_ conversations: [DemoConversation]) -> Int {
        conversations.reduce(0) { $0 + 1 + ($1.addition == nil ? 0 : 1) }
    }

    /// Returns when cancelled.
    /// - Throws: `CommandFailure` when the mail servers cannot be used.
    func run() async throws {
        var desk = Desk()
        for conversation in conversations {
            let due = start + .seconds(conversation.arrival)
            desk.drafts.append(Draft(due: due, conversation: conversation, isFirst: true))
            if let addition = conversation.addition {
                desk.drafts.append(Draft(due: due + .seconds(addition), conversation: conversation))
            }
        }
        var next: UInt32?
        var failures = 0
        while !Task.isCancelled {
            do {
                let session = try await ImapSession.open(
                    servers.imapServer, servers.credentials(account), spool: NSTemporaryDirectory())
                do { try await live(session, &desk, from: &next) } catch {
                    await session.close()
                    throw error
                }
            } catch let error as EmailAccessError {
                if Task.isCancelled { break }
                failures += 1
                guard error.canRetry, failures < 10 else {
                    throw CommandFailure(
                        .unavailable, "The customer \(account) cannot use the mail server: \(error.text)")
                }
                try? await Task.sleep(for: .milliseconds(200 * failures))
            }
        }
        await desk.smtp?.close()
        throw CancellationError()
    }

    private func live(_ session: ImapSession, _ desk: inout Desk, from next: inout UInt32?) async throws {
        let state = try await session.select("INBOX")
        if next == nil { next = state.uidNext }
        while !Task.isCancelled {
            try await read(session, &desk, from: &next)
            try await write(&desk)
            let due = desk.drafts.map(\.due).min() ?? .now + .seconds(1)
            let pause = min(.seconds(1), ContinuousClock.now.duration(to: due))
            if pause > .milliseconds(20) { _ = try await session.idle(atMost: pause) }
        }
        throw CancellationError()
    }

    // MARK: Reading

    private func read(_ session: ImapSession, _ desk: inout Desk, from next: inout UInt32?) async throws {
        let uids = try await session.uids(from: next ?? 1)
        guard let last = uids.ranges.last?.upperBound else { return }
        let heads = HeadCollector()
        try await session.fetch([uids], headOnly: true) { message in
            heads.add(DemoAnswerHead(try message.body.piece(at: 0, atMost: message.body.size)))
        }
        next = last + 1
        for head in heads.all {
            ledger.change { $0.arrive(head, at: servers.address(account), when: .now) }
            guard let conversation = head.inReplyTo.flatMap({ desk.threads[$0] }),
                desk.replies[conversation.number, default: 0] < conversation.replies, mayWrite
            else { continue }
            desk.replies[conversation.number, default: 0] += 1
            let pause = Double.random(in: 0.5...2)
            desk.drafts.append(Draft(due: .now + .seconds(pause), conversation: conversation, answer: head))
            ledger.change { $0.planned += 1 }
        }
    }

    private var mayWrite: Bool { ContinuousClock.now < lastWriting && !stop.isSet }

    // MARK: Writing

    private func write(_ desk: inout Desk) async throws {
        if !mayWrite, !desk.drafts.isEmpty {
            let dropped = desk.drafts.count
            desk.drafts = []
            ledger.change { $0.planned -= dropped }
        }
        let now = ContinuousClock.now
        while let next = desk.drafts.indices.min(by: { desk.drafts[$0].due < desk.drafts[$1].due }),
            desk.drafts[next].due <= now
        {
            if try await send(desk.drafts[next], &desk) {
                desk.drafts.remove(at: next)
                ledger.change { $0.planned -= 1 }
            } else {
                desk.drafts[next].due = now + .milliseconds(500)
            }
        }
    }

    /// - Returns: false when the message was not taken and may be tried again.
    private func send(_ draft: Draft, _ desk: inout Desk) async throws -> Bool {
        let conversation = draft.conversation
        let mailbox = servers.mailboxes[conversation.mailbox]
        desk.count += 1
        let message = message(draft, desk, to: servers.address(mailbox))
        if await desk.smtp?.isUsable != true {
            await desk.smtp?.close()
            desk.smtp = try await SmtpSession.open(servers.smtpServer, servers.credentials(account))
        }
        guard let smtp = desk.smtp else { return false }
        let envelope = SmtpEnvelope(sender: servers.address(account), recipients: [message.to])
        let isCertain: Bool
        switch await smtp.send(.bytes(message.bytes), envelope) {
        case .accepted: isCertain = true
        case .uncertain: isCertain = false
        case .refusedForNow, .lostBefore: return false
        case .refusedForGood(let reply):
            throw CommandFailure(.refused, "The mail server refuses the message of \(account): \(reply)")
        }
        desk.threads[message.messageId] = conversation
        desk.lastId[conversation.number] = message.messageId
        ledger.change {
            $0.write(
                .init(
                    messageId: message.messageId, mailbox: mailbox, conversation: conversation.number,
                    attachments: message.attachment == nil ? 0 : 1, at: .now, isCertain: isCertain))
        }
        return true
    }

    private func message(_ draft: Draft, _ desk: Desk, to mailbox: String) -> DemoMessage {
        let conversation = draft.conversation
        var message = DemoMessage(
            messageId: "\(run).\(account).\(desk.count)@\(servers.domain)", date: .now, name: name,
            from: servers.address(account), to: mailbox, subject: conversation.subject, text: conversation.text)
        if let answer = draft.answer {
            message.subject = "Re: " + conversation.subject
            message.text = "Thank you for the quick answer. There is one more thing:\n\n" + conversation.text
            message.to = answer.replyTo
            // Only an address with a token finds the thread by itself.
            if !conversation.forgetsThread || !answer.replyTo.contains("+") {
                message.inReplyTo = answer.messageId
                message.references = answer.references + [answer.messageId]
            }
        } else if !draft.isFirst, let before = desk.lastId[conversation.number] {
            message.text = "I forgot to say: it is urgent."
            message.inReplyTo = before
            message.references = [before]
        }
        if draft.isFirst, conversation.attachedLines > 0 {
            message.attachment = ("log.txt", Self.log(conversation.attachedLines))
        }
        return message
    }

    private static func log(_ lines: Int) -> String {
        (1...lines).map { "line \($0): pressure \(100 + $0 * 7919 % 50) kPa, temperature \(20 + $0 * 104_729 % 30) °C" }
            .joined(separator: "\n")
    }
}

/// Takes heads from a fetch.
private final class HeadCollector: Sendable {
    private let heads = Mutex<[DemoAnswerHead]>([])
    var all: [DemoAnswerHead] { heads.withLock { $0 } }
    func add(_ head: DemoAnswerHead) { heads.withLock { $0.append(head) } }
}
