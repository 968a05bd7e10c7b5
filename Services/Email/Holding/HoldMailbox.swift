import Coordination
import Domain
import EmailAccess
import Logging
import ServiceKit

/// What the holder of a mailbox does in its term: takes messages in, sends what is due, and tells core how it goes.
///
/// The parts do not stop each other: a server that takes nothing does not keep mail from coming in.
struct HoldMailbox: Sendable {
    let mailbox: MailboxAssignment
    let client: CoreClient
    let dependencies: EmailDependencies
    let registry: HeldMailboxes
    let term: LeaseTerm

    func run() async throws {
        var logger = dependencies.logger
        logger[metadataKey: "tenant"] = "\(mailbox.tenant)"
        logger[metadataKey: "mailbox"] = "\(mailbox.name)"
        let core = CoreMailbox(core: client, name: mailbox.name, term: term.number)
        let states = MailboxStates(labels: mailbox.labels, logger: logger) { try await core.state($0) }
        let wake = AsyncWake()
        registry.add(mailbox.key, states: states, wake: wake)
        defer { registry.remove(mailbox.key, states: states) }
        let parts = Parts(hold: self, core: core, states: states, wake: wake, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let inbound = mailbox.settings.inbound { group.addTask { try await parts.pull(inbound) } }
            if mailbox.settings.outbound != nil { group.addTask { await parts.send() } }
            group.addTask { await parts.report() }
            group.addTask { await parts.keepTokens() }
            // A lost lease ends the term; nothing else ends a part.
            try await group.next()
            group.cancelAll()
        }
        EmailMetrics.connected(false, "inbound", mailbox.labels)
        EmailMetrics.connected(false, "outbound", mailbox.labels)
    }
}

/// The parts of a held mailbox.
private struct Parts: Sendable {
    let hold: HoldMailbox
    let core: CoreMailbox
    let states: MailboxStates
    let wake: AsyncWake
    let logger: Logger

    /// Takes messages in, connecting again when a connection ends.
    /// - Throws: when the lease is lost.
    func pull(_ inbound: MailboxInbound) async throws {
        let held = HeldInbound(
            mailbox: hold.mailbox, inbound: inbound, core: core, client: hold.client,
            dependencies: hold.dependencies, states: states,
            requireTrust: { [term = hold.term] in try term.requireTrust() }, logger: logger)
        let pull = pulling(held)
        var failures = 0
        while !Task.isCancelled {
            let begin = ContinuousClock.now
            let givenUp = held.troubles.givenUp
            do {
                try await pull()
            } catch is CancellationError {
                return
            } catch {
                if Task.isCancelled { return }
                if (error as? CoreError)?.code == .staleTerm || (error as? CoordinationError)?.code == .leaseLost {
                    throw error
                }
                // One that held for a while was fine.
                if ContinuousClock.now - begin > .seconds(60) || held.troubles.givenUp != givenUp { failures = 0 }
                failures += 1
                await note(error)
            }
            // What only a person can mend is looked at again after a minute.
            try? await Task.sleep(for: min(.seconds(60), .milliseconds(250 << min(failures, 8))))
        }
    }

    /// Takes messages in over one connection, by the kind of mailbox.
    private func pulling(_ held: HeldInbound) -> () async throws -> Void {
        switch hold.mailbox.settings.kind {
        case .generic: PullMailbox(held: held).run
        case .gmail, .graph: PullProvider(held: held).run
        }
    }

    private func note(_ error: any Error) async {
        let isNew: Bool
        if let error = error as? EmailAccessError {
            EmailMetrics.error(error.code.rawValue, "inbound")
            isNew = await states.note(.inbound, error.canRetry ? .disconnected : .failing, error.text)
        } else if let error = error as? CoreError {
            // The mail server is not to blame; core cannot be told that it is away.
            isNew = await states.note(.inbound, .disconnected, error.description)
        } else {
            isNew = await states.note(.inbound, .failing, "\(error)")
        }
        logger.log(
            level: isNew ? .warning : .debug, "the mailbox cannot be read, will be tried again",
            metadata: ["error": "\(error)"])
    }

    func send() async {
        let mailbox = hold.mailbox
        await SendQueue(
            mailbox: mailbox, core: core, client: hold.client,
            sender: hold.dependencies.sender(of: mailbox, logger: logger),
            dependencies: hold.dependencies, states: states, wake: wake,
            requireTrust: { [term = hold.term] in try term.requireTrust() }, logger: logger
        ).run()
        // The term goes on without it until it is cancelled.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    /// Renews access tokens ahead of their end, so that a renewal that fails shows while the old one still does.
    func keepTokens() async {
        let settings = hold.mailbox.settings
        let sides: [(MailboxStates.Direction, Domain.MailCredentials?)] = [
            (.inbound, settings.inbound?.credentials), (.outbound, settings.outbound?.credentials),
        ]
        let interfaces: [(MailboxStates.Direction, MailInterface?)] = [
            (.inbound, settings.inbound?.api),
            (.outbound, settings.outbound.flatMap { $0.api ?? settings.inbound?.api }),
        ]
        while !Task.isCancelled {
            var pause = Duration.seconds(60)
            for case (let side, let interface?) in interfaces {
                let next = await renew(side) {
                    try await hold.dependencies.renewAhead(for: interface, of: hold.mailbox)
                }
                pause = min(pause, next)
            }
            for case (let side, let credentials?) in sides where credentials.method == .xoauth2 {
                let next = await renew(side) {
                    try await hold.dependencies.renewAhead(for: credentials, of: hold.mailbox)
                }
                pause = min(pause, next)
            }
            try? await Task.sleep(for: max(pause, .milliseconds(100)))
        }
    }

    /// - Returns: when to look again.
    private func renew(_ side: MailboxStates.Direction, _ body: () async throws -> Duration) async -> Duration {
        do {
            let next = try await body()
            await states.renewal(side, nil)
            return next
        } catch {
            if Task.isCancelled { return .zero }
            await states.renewal(side, "The access token cannot be renewed: \(error)")
            logger.warning("an access token cannot be renewed", metadata: ["error": "\(error)"])
            return .seconds(20)
        }
    }

    /// Tells core what could not be told when it changed.
    func report() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            await states.tell()
        }
    }
}
