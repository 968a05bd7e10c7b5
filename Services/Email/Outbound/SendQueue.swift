import Domain
import EmailAccess
import EmailMessages
import Foundation
import Logging
import NIOCore
import ServiceKit

/// Works off the outbound queue of a mailbox while it is held: one message at a time, claimed, composed,
/// prepared, begun, sent, settled.
///
/// One at a time, so that of a holder that dies at most one message is uncertain. Core says when something has become due;
/// without that word the queue is looked at once a minute.
struct SendQueue: Sendable {
    let mailbox: MailboxAssignment
    let core: CoreMailbox
    let client: CoreClient
    let sender: any OutboundConnection
    let dependencies: EmailDependencies
    let states: MailboxStates
    let wake: AsyncWake
    let requireTrust: @Sendable () throws -> Void
    let logger: Logger
    /// Of what was sent and is not to be seen yet.
    let names = SentNames()

    /// The queue is looked at so often in any case.
    private static let lookEvery = Duration.seconds(60)
    /// A connection without a message is kept open for so long.
    private static let keepOpen = Duration.seconds(3)

    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.nameSent() }
            await self.work()
            group.cancelAll()
        }
    }

    /// Sends until the task is cancelled. Whether the server takes us is found out before anything is to be sent.
    private func work() async {
        var rate = SendRate(perMinute: mailbox.settings.outbound?.ratePerMinute ?? 60, at: Self.nanoseconds)
        var checked: ContinuousClock.Instant?
        var failures = 0
        while !Task.isCancelled {
            let pause = rate.pause(at: Self.nanoseconds)
            if pause > 0 {
                await wake.wait(atMost: .nanoseconds(pause))
                continue
            }
            do {
                if checked.map({ ContinuousClock.now - $0 > .seconds(600) }) ?? true {
                    try await connect()
                    await sender.close()
                    checked = .now
                }
                let found = try await step(&rate)
                failures = 0
                guard !found else {
                    checked = .now
                    continue
                }
            } catch is CancellationError {
                break
            } catch {
                if Task.isCancelled { break }
                failures += 1
                await note(error)
                await wake.wait(atMost: min(.seconds(60), .milliseconds(500 << min(failures, 7))))
                continue
            }
            if await wake.wait(atMost: Self.keepOpen) { continue }
            await sender.close()
            await wake.wait(atMost: Self.lookEvery - Self.keepOpen)
        }
        await sender.close()
    }

    /// One message.
    /// - Returns: whether there was one.
    private func step(_ rate: inout SendRate) async throws -> Bool {
        try requireTrust()
        let claim = try await core.claim(limit: 1)
        for email in claim.interrupted { try await settleInterrupted(email) }
        guard let email = claim.due.first else { return !claim.interrupted.isEmpty }
        EmailMetrics.inHand(1, mailbox.labels)
        defer { EmailMetrics.inHand(0, mailbox.labels) }
        rate.take()
        // Finished also when the service stops meanwhile: a message whose end was sent must not be left without an answer.
        try await Task { try await send(email) }.value
        return true
    }

    private func send(_ email: OutboundEmail) async throws {
        let folder = try dependencies.workFolder()
        let composed: ComposedEmail
        do {
            composed = try await compose(email, in: folder)
        } catch let error as EmailMessageError {
            return try await settle(email, error.isRetryable ? .retry : .failed, error.message)
        } catch let error as CoreError {
            // An attachment that is gone will not come back.
            return try await settle(email, error.canRetry ? .retry : .failed, error.description, retryAfter: 30)
        }
        let greatest = mailbox.settings.outbound?.greatestMessage ?? .max
        guard composed.size <= greatest else {
            return try await settle(
                email, .failed, "The message has \(composed.size) bytes; the mailbox sends \(greatest) at most.")
        }
        do {
            try await connect()
        } catch {
            try await settle(email, .retry, "\(error)", retryAfter: 60)
            throw error
        }
        switch await sender.prepare(composed) {
        case .not(let outcome): try await settle(email, SendResult(outcome), composed.body, since: .now)
        case .ready(let ready): try await send(email, ready)
        }
    }

    /// Until it begins nothing can have gone out: whoever holds the mailbox after a holder that dies may send it.
    private func send(_ email: OutboundEmail, _ ready: ComposedEmail) async throws {
        do {
            guard try await begin(email) else { return await sender.discard(ready) }
        } catch {
            await sender.discard(ready)
            throw error
        }
        let recipients = Self.recipients(email)
        let begin = Instant.now
        let result = await sender.send(ready, SmtpEnvelope(sender: email.envelopeFrom, recipients: recipients))
        try await settle(email, result, ready.body, since: begin)
    }

    /// Nothing has been sent yet: whoever holds the mailbox now may.
    /// - Returns: whether the message is to be sent.
    private func begin(_ email: OutboundEmail) async throws -> Bool {
        do {
            guard try await core.begins(email) else {
                logger.notice("an attempt was over before it began", metadata: ["email": "\(email.id)"])
                return false
            }
            try requireTrust()
            return true
        } catch let error as CoreError {
            // Core may have heard it or not; it hears that nothing was sent as soon as it listens.
            if error.canRetry { try await settle(email, .retry, error.description, retryAfter: 1) }
            throw error
        } catch {
            logger.notice("the lease was lost before a message was sent", metadata: ["email": "\(email.id)"])
            throw error
        }
    }

    private func connect() async throws {
        await states.note(.outbound, .connecting)
        try await sender.connect()
        await states.note(.outbound, .connected)
    }

    private func note(_ error: any Error) async {
        switch error {
        case let error as EmailAccessError:
            EmailMetrics.error(error.code.rawValue, "outbound")
            await states.note(.outbound, .failing, error.text)
        case let error as MailboxProblem: await states.note(.outbound, .failing, error.description)
        case let error as OutboundHTTP.Failure: await states.note(.outbound, .disconnected, error.description)
        default: break
        }
        logger.info("sending waits", metadata: ["error": "\(error)"])
    }

    /// Everyone it goes to, each address once.
    private static func recipients(_ email: OutboundEmail) -> [String] {
        var seen: Set<String> = []
        return (email.to + email.cc + email.bcc).map(\.address).filter { seen.insert($0.lowercased()).inserted }
    }

    private static var nanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
