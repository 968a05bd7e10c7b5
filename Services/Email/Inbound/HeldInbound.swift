import Domain
import Logging
import ServiceKit
import Synchronization

/// What taking the messages of a held mailbox in works with, however they come.
final class HeldInbound: Sendable {
    let mailbox: MailboxAssignment
    let inbound: MailboxInbound
    let core: CoreMailbox
    let client: CoreClient
    let dependencies: EmailDependencies
    let states: MailboxStates
    let requireTrust: @Sendable () throws -> Void
    let logger: Logger
    /// What the server has not given out, by UID.
    let troubles = FetchTroubles<UInt32>()
    /// What a provider has not given out, by its ids.
    let providerTroubles = FetchTroubles<String>()
    /// When the folder is compared with what was taken, over all connections.
    let looks: LookTimes
    /// Messages of a provider's folder that came before mail is taken, as was found out by fetching them.
    let early = Mutex<Set<String>>([])

    init(
        mailbox: MailboxAssignment, inbound: MailboxInbound, core: CoreMailbox, client: CoreClient,
        dependencies: EmailDependencies, states: MailboxStates, requireTrust: @escaping @Sendable () throws -> Void,
        logger: Logger
    ) {
        (self.mailbox, self.inbound, self.core, self.client) = (mailbox, inbound, core, client)
        (self.dependencies, self.states, self.requireTrust) = (dependencies, states, requireTrust)
        self.logger = logger
        looks = LookTimes(every: dependencies.reconcileEvery)
    }

    var read: ReadMessage {
        ReadMessage(mailbox: mailbox, inbound: inbound, core: client, dependencies: dependencies)
    }
}
