import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Takes the messages of a mailbox over IMAP, from where its last holder stopped, for as long as the mailbox is held.
///
/// How far it has come is core's to keep, by UIDVALIDITY and UID, and is written in the transaction that takes the
/// messages; flags only show people what was taken. A folder that was rebuilt is read again from the moment on from
/// which mail is taken at all, and core knows what it has.
struct PullMailbox: Sendable {
    let held: HeldInbound
    private var inbound: MailboxInbound { held.inbound }

    /// The keyword that a message gets when it was taken.
    static let keyword = "$MillraceTaken"
    /// Without news the server is asked this often whether the connection still holds, and the folder is compared with
    /// what was taken.
    private static let reconcileEvery = Duration.seconds(600)

    /// One connection, until it breaks or the task is cancelled.
    func run() async throws {
        guard let server = inbound.server, let credentials = inbound.credentials else {
            throw MailboxProblem("The mailbox has no server to be read from.")
        }
        await held.states.note(.inbound, .connecting)
        let session = try await ImapSession.open(
            held.dependencies.server(server),
            try await held.dependencies.credentials(credentials, of: held.mailbox), spool: held.dependencies.spool)
        do {
            try await serve(session)
            await session.close()
        } catch {
            await session.close()
            throw error
        }
    }

    private func serve(_ session: ImapSession) async throws {
        if let folder = inbound.processedFolder, inbound.processed == .move { try await session.createFolder(folder) }
        var taking = try await begin(session)
        await held.states.note(.inbound, .connected)
        try await taking.reconcile()
        var reconciled = ContinuousClock.now
        while !Task.isCancelled {
            try await taking.takeNew()
            try await held.states.unread(taking.unread())
            if ContinuousClock.now - reconciled > Self.reconcileEvery {
                try await taking.reconcile()
                reconciled = .now
            }
            try await wait(session)
        }
        throw CancellationError()
    }

    private func begin(_ session: ImapSession) async throws -> TakeMessages {
        let state = try await session.select(inbound.folder)
        let progress = try await held.core.progress(of: inbound.folder)
        var taking = TakeMessages(
            session: session, held: held, state: state,
            handOver: HandOver(
                read: held.read, core: held.core, folder: inbound.folder, uidValidity: state.uidValidity),
            from: progress.from)
        if let place = progress.place, place.uidValidity == state.uidValidity {
            taking.taken = place.uid
        } else {
            if progress.place != nil { held.logger.notice("the folder was rebuilt and is read again") }
            try await taking.takeFirst()
        }
        return taking
    }

    /// Until there is news, or it is time to look.
    private func wait(_ session: ImapSession) async throws {
        let pause = Duration.milliseconds(inbound.pollEvery)
        if inbound.idle, await session.canIdle {
            // Some servers never tell; so a look is taken now and then in any case.
            _ = try await session.idle(atMost: max(pause, .seconds(60)))
        } else {
            try await session.rest(atMost: pause)
            _ = try await session.poll()
        }
    }
}
