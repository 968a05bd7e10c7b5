import Domain
import EmailAccess
import Logging
import ServiceKit

/// What became of attempts, as core is told.
extension SendQueue {
    func settle(_ email: OutboundEmail, _ result: SendResult, _ body: MailBody, since begin: Instant) async throws {
        let sought = SoughtEmail(
            messageId: email.messageId, mark: email.id, since: begin, id: result.id, isUncertain: false)
        switch result.outcome {
        case .accepted(let reply):
            await sender.keep(body, messageId: email.messageId)
            // Before anything is asked of the provider: until core knows, a kill makes it uncertain.
            try await settle(email, .sent, reply)
            if sender.showsLate { names.add(.init(email: email, sought: sought, reply: reply)) }
        case .refusedForNow(let reply): try await settle(email, .retry, reply)
        case .refusedForGood(let reply): try await settle(email, .failed, reply)
        case .lostBefore(let error):
            EmailMetrics.error(error.code.rawValue, "outbound")
            try await settle(email, error.code == .localFile ? .failed : .retry, error.text)
        case .uncertain(let error):
            EmailMetrics.error(error.code.rawValue, "outbound")
            try await settleUncertain(
                email, sought, "No answer came after the whole message was sent: \(error.text)")
        }
    }

    /// Of a message that an earlier holder had in hand nobody knows what became.
    func settleInterrupted(_ email: OutboundEmail) async throws {
        let sought = SoughtEmail(messageId: email.messageId, mark: email.id, since: email.begunAt ?? .now)
        try await settleUncertain(email, sought, "The instance that was sending the message went away meanwhile.")
    }

    /// What lies among those sent was sent; all else is for a person to decide. It is never sent again.
    private func settleUncertain(_ email: OutboundEmail, _ sought: SoughtEmail, _ reason: String) async throws {
        if let name = await findUncertain(sought) {
            try await settle(email, .sent, "Found in the sent folder. \(reason)", name: name)
        } else {
            try await settle(email, .uncertain, reason)
        }
    }

    /// Tells core; until it answers, since nobody else knows.
    /// - Parameters:
    ///   - name: the Message-ID under which the message went out.
    ///   - isRepeated: whether the outcome was told before.
    func settle(
        _ email: OutboundEmail, _ outcome: CoreMailbox.Sent, _ reply: String?, retryAfter seconds: Int? = nil,
        name: String? = nil, isRepeated: Bool = false
    ) async throws {
        if !isRepeated { EmailMetrics.sent(outcome.rawValue, mailbox.labels) }
        var pause = Duration.milliseconds(200)
        while true {
            do {
                return try await core.outcome(of: email, outcome, reply: reply, retryAfter: seconds, name: name)
            } catch let error as CoreError {
                // Settled otherwise meanwhile, by a notification or a person.
                if error.code == .refused {
                    logger.notice("core has settled a message itself", metadata: ["error": "\(error)"])
                    return
                }
                guard error.canRetry else { throw error }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }
}
