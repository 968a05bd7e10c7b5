import Domain
import EmailAccess
import Foundation
import ServiceKit

/// Takes the messages of a mailbox over IMAP, from where its last holder stopped, for as long as the mailbox is held.
///
/// How far it has come is core's to keep, by UIDVALIDITY and UID, and is written in the transaction that takes the
/// messages; flags only show people what was taken. A folder that was rebuilt is read again from the moment on from
/// which mail is taken at all, and core knows what it has. Another account begins as if it were read for the first time.
struct PullMailbox: Sendable {
    let held: HeldInbound
    private var inbound: MailboxInbound { held.inbound }

    /// The keyword that a message gets when it was taken.
    static let keyword = "$MillraceTaken"
    /// The keyword of a message that was taken and not kept whole, and so stays where it is.
    static let incompleteKeyword = "$MillraceIncomplete"

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
        held.troubles.beginRound()
        try await makeFolder(session)
        var taking = try await begin(session)
        await held.states.note(.inbound, .connected)
        // What the connection before may have left undone is made up for.
        held.looks.hurry()
        while !Task.isCancelled {
            // New mail first: it waits for nothing that is only made up for.
            try await taking.takeNew()
            try await held.states.unread(taking.unread())
            if held.looks.isDue() {
                let begin = ContinuousClock.now
                var compared: ContinuousClock.Instant?
                defer { held.looks.looked(from: begin, until: compared ?? .now) }
                try await reconcile(taking, &compared)
            }
            try await wait(session)
        }
        throw CancellationError()
    }

    /// What the server refuses of it is tried again the next time, and keeps nothing from coming in.
    private func reconcile(_ taking: TakeMessages, _ compared: inout ContinuousClock.Instant?) async throws {
        do {
            try await taking.reconcile(&compared)
        } catch let error as EmailAccessError {
            guard TakeMessages.isRefusal(error) else { throw error }
            held.logger.warning(
                "the folder could not be compared with what was taken", metadata: ["error": "\(error)"])
            held.troubles.beginRound()
        }
    }

    /// Makes the folder to which messages are moved. Where that is refused mail comes in all the same, and stays.
    private func makeFolder(_ session: ImapSession) async throws {
        guard let folder = inbound.processedFolder, inbound.processed == .move else { return }
        do {
            try await session.createFolder(folder)
        } catch {
            guard TakeMessages.isRefusal(error) else { throw error }
            held.logger.warning("the folder of taken messages cannot be made", metadata: ["error": "\(error)"])
            await held.states.remark(.inbound, "Messages that were taken cannot be marked: \(error.text)")
        }
    }

    private func begin(_ session: ImapSession) async throws -> TakeMessages {
        let state = try await session.select(inbound.folder)
        let progress = try await held.core.progress(of: inbound.folder)
        let start = FolderStart(progress, state, account: account, since: inbound.since, now: .now)
        held.troubles.concern("\(state.uidValidity) \(start.epoch)")
        var taking = TakeMessages(
            session: session, held: held, state: state,
            handOver: HandOver(
                read: held.read, core: held.core,
                place: .init(folder: inbound.folder, uidValidity: state.uidValidity, uid: 0, epoch: start.epoch),
                account: account, from: start.isAnotherAccount ? start.from : nil),
            from: start.from)
        switch start.beginning {
        case .goesOn(let uid): taking.taken = uid
        case .fromNow(let uid):
            held.logger.notice("the mailbox is another account now, and is read from now on")
            try await taking.handOver.pass(uid)
            taking.taken = uid
        case .looksAnew:
            if progress.place != nil { held.logger.notice("the folder was rebuilt and is read again") }
            try await taking.takeFirst()
        }
        return taking
    }

    /// Whose mailbox it is.
    private var account: String {
        "\(inbound.credentials?.user ?? "") at \(inbound.server?.host.lowercased() ?? "")"
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
