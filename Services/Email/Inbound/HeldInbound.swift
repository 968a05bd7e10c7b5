import Domain
import Logging
import ServiceKit

/// What taking the messages of a held mailbox in works with, however they come.
struct HeldInbound: Sendable {
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

    var read: ReadMessage {
        ReadMessage(mailbox: mailbox, inbound: inbound, core: client, dependencies: dependencies)
    }
}
